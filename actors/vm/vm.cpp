#include "actors/vm/vm.hpp"

#include <algorithm>

namespace aerie {
namespace {

constexpr Duration stop_slack{3000};  // beyond the children's own graces

/// Why a guest ended that nobody asked to. What no restart mends is named as what it is.
Cause cause_of_end(const ExitRecord& exit) {
  if (is_permanent(exit.kind)) return cause_of(exit);
  return {CauseKind::vmm_exited, "The guest ended by itself: " + exit.message,
          "Look at the last lines of its log.", exit.tail};
}

/// Carries a machine's reports into the actor's mailbox.
class MailboxReports final : public MachineReports {
 public:
  explicit MailboxReports(const VmActor& vm) : vm_(caf::actor_cast<caf::weak_actor_ptr>(vm)) {}

  void on_started(std::int64_t pid) override { tell(MachineStarted{pid}); }
  void on_reached(Stage stage) override { tell(MachineReached{stage}); }
  void on_linked() override { tell(MachineLinked{}); }
  void on_failed(Cause cause) override { tell(MachineFailed{std::move(cause)}); }
  void on_says(link::GuestMessage message) override { tell(GuestSays{std::move(message)}); }
  void on_link_lost(Cause cause) override { tell(LinkLost{std::move(cause)}); }
  void on_exited(ExitRecord exit) override { tell(MachineExited{std::move(exit)}); }
  void on_released(Resource resource, std::optional<Cause> failure) override {
    tell(MachineReleased{std::move(resource), std::move(failure)});
  }
  void on_network(std::optional<Cause> failure) override {
    tell(MachineNetwork{std::move(failure)});
  }
  void on_paused(bool is_paused, std::optional<Cause> failure) override {
    tell(MachinePaused{is_paused, std::move(failure)});
  }

 private:
  template <class Message>
  void tell(Message message) {
    if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(vm_))
      post(caf::actor_cast<VmActor>(strong), std::move(message));
  }

  caf::weak_actor_ptr vm_;  // the actor owns the machine, which owns this
};

}  // namespace

Vm::Vm(caf::actor_config& config, EnvironmentPtr environment, MachineSpec spec, std::string driver,
       VmOwnerActor owner, caf::actor_addr parent)
    : Actor(config, "vm"),
      environment_(std::move(environment)),
      parent_(std::move(parent)),
      spec_(std::move(spec)),
      owner_(std::move(owner)) {
  document_.edit().id = spec_.vm;
  document_.edit().session = spec_.configure.session;
  document_.edit().profile = spec_.configure.profile->name;
  document_.edit().driver = std::move(driver);
  document_.edit().address = spec_.address;
  document_.edit().created_at = environment_->wall();
  go_by(document_->id);
}

Vm::Behavior Vm::make_behavior() {
  // A child does not outlive its parent: whoever follows it adopts what runs, or kills it.
  if (parent_) {
    set_down_handler([this](const caf::down_msg&) { quit(); });
    monitor<caf::message_priority::high>(parent_);
  }
  return {
      [this](const StartVm&) { start(); },
      [this](const MachineStarted& message) { on_started(message.pid); },
      [this](const MachineReached& message) { reach(message.stage); },
      [this](const MachineLinked&) { on_linked(); },
      [this](const MachineFailed& message) { on_machine_failed(message.cause); },
      [this](GuestSays& message) { on_says(message.message); },
      [this](const LinkLost& message) { on_link_lost(message.cause); },
      [this](const MachineExited& message) { on_exited(message.exit); },
      [this](const MachineReleased& message) { on_released(message); },
      [this](const MachineNetwork& message) { on_network(message.failure); },
      [this](const AssignVm& message) { assign(message); },
      [this](const SendStream& message) { say_to_streamer(message.body); },
      [this](const SendLogin& message) { order_login(message.order); },
      [this](const RestartGuestChild& message) {
        if (machine_) machine_->send(link::RestartChild{message.child, message.by});
      },
      [this](const KillGuestChild& message) {
        if (machine_) machine_->send(link::KillChild{message.child, message.signal, message.by});
      },
      [this](const PauseVm& message) { return pause(message); },
      [this](const MachinePaused& message) { on_paused(message); },
      [this](const StopVm& message) { stop(message.by, message.at_once); },
      [this](const DismantleVm& message) { dismantle(message.token); },
      [this](const VmTimer& message) { on_timer(message.ticket); },
  };
}

void Vm::on_exit() {
  answer_pause(Cause{CauseKind::controller_restarted,
                     "The guest's actor ended meanwhile.",
                     "Look at the controller's log.",
                     {}});
  if (parent_) demonitor(parent_);
}

// -- coming up ------------------------------------------------------------------------------------

void Vm::start() {
  if (!spec_.configure.session.empty())
    environment_->logs->assign(spec_.vm, spec_.configure.session);
  if (!environment_->drivers.contains(document_->driver))
    return fail({CauseKind::vmm_missing,
                 "There is no driver '" + document_->driver + "' here.",
                 "Name one that `aerie doctor` lists.",
                 {}});
  if (is_adopted_) return adopt();
  enter(VmState::preparing, environment_->settings.spawn_within);
  reach(Stage::allocated);
  make_machine();
  auto resources = machine_->resources();
  resources.insert(resources.begin(), Resource{"", "", "", "address", spec_.address});
  resources_.reserve(resources.size());
  for (auto& resource : resources) {
    resource.id = environment_->new_id();
    resource.vm = spec_.vm;
    resource.session = document_->session;
    resources_.emplace_back(std::move(resource));
  }
  request(environment_->directory.ledger(), caf::infinite, AcquireResources{resources_})
      .then(
          [this](const Saved& saved) {
            if (saved.failure) return on_not_written(*saved.failure);
            start_machine();
          },
          [this](const caf::error& error) {
            on_not_written({CauseKind::store_failed,
                            "The ledger ended: " + system().render(error) + ".",
                            "Look at the controller's log.",
                            {}});
          });
}

void Vm::make_machine() {
  machine_ = environment_->drivers.at(document_->driver)
                 ->make(spec_, std::make_shared<MailboxReports>(self()));
}

void Vm::on_not_written(Cause cause) {
  if (token_) return;  // what is released already needs no more than that
  resources_.clear();  // nothing was acquired
  fail(std::move(cause));
}

void Vm::start_machine() {
  if (document_->state != VmState::preparing) return;  // stopped meanwhile
  has_started_ = true;
  enter(VmState::booting, environment_->settings.spawn_within);
  machine_->start();
}

void Vm::on_started(std::int64_t pid) {
  document_.edit().pid = pid;
  if (is_adopted_ && document_->state != VmState::failed) return publish();
  if (document_->state != VmState::booting) {
    // Stopped or given up while it was being started: the kill of then may have met nothing.
    machine_->kill(stopped_by_.value_or("controller"));
    return publish();
  }
  reach(Stage::spawned);
  enter(VmState::linking, environment_->link_within(document_->driver));
}

void Vm::on_linked() {
  is_linked_ = true;
  if (is_adopted_ && document_->state == VmState::stopping)
    return machine_->send(link::Stop{stopped_by_.value_or("controller")});
  if (document_->state != VmState::linking && document_->state != VmState::booting) return;
  reach(Stage::linked);
  enter(VmState::ready);
  for (const auto& body : std::exchange(unsaid_, {}))
    machine_->send(link::StreamSays{body});
  for (const auto& order : std::exchange(unsaid_orders_, {}))
    machine_->send(order);
  // The node takes a guest for warm by the stages it hears of.
  if (is_adopted_ && document_->session.empty()) tell_owner_where_it_stands();
}

// -- coming down ----------------------------------------------------------------------------------

void Vm::stop(const std::string& by, bool at_once) {
  if (has_exited_ || document_->state == VmState::stopped) return;
  if (!stopped_by_) stopped_by_ = by;
  if (!has_started_) {
    enter(VmState::stopped);
    return finish(std::nullopt);
  }
  if (document_->state == VmState::failed) return;  // killed already; it stays what it is
  if (document_->state == VmState::stopping && !at_once) return;
  const bool can_ask = !at_once && document_->state == VmState::ready;
  enter(VmState::stopping, stop_deadline());
  // It must be able to hear that it is to end; a machine does what it is asked in order.
  if (can_ask && (document_->is_paused || pausing_)) machine_->pause(false);
  if (can_ask)
    machine_->send(link::Stop{by});
  else
    machine_->kill(by);
}

void Vm::on_exited(const ExitRecord& exit) {
  if (has_exited_) return;
  record("child.exited", "vmm", exit);
  document_.edit().children.clear();
  document_.edit().pid.reset();
  const bool was_asked = document_->state == VmState::stopping;
  if (was_asked) {
    enter(VmState::stopped);
  } else if (document_->state != VmState::failed) {
    document_.edit().cause = finish_cause_.value_or(cause_of_end(exit));
    enter(VmState::failed);
  }
  finish(was_asked ? std::nullopt : document_->cause);
}

void Vm::on_machine_failed(const Cause& cause) {
  if (has_exited_) return;
  if (document_->pid) return fail(cause);  // its end is still to be seen
  const bool was_asked = document_->state == VmState::stopping;
  if (was_asked) {
    enter(VmState::stopped);
  } else if (document_->state != VmState::failed) {
    document_.edit().cause = cause;
    enter(VmState::failed);
  }
  finish(was_asked ? std::nullopt : document_->cause);
}

void Vm::finish(std::optional<Cause> cause) {
  has_exited_ = true;
  document_.edit().is_paused = false;
  answer_pause(Cause{CauseKind::vmm_exited, "The guest ended meanwhile.", "See why it did.", {}});
  show_face();
  remember();
  const VmFinished finished{spec_.vm, std::move(cause)};
  if (owner_) send(owner_, finished);
  // The node counts what runs, whoever owns it.
  if (const auto node = environment_->directory.node(); node && node != owner_)
    send(node, finished);
  if (token_) write_tombstone();
}

void Vm::fail(Cause cause) {
  if (document_->state == VmState::failed || has_exited_) return;
  document_.edit().cause = std::move(cause);
  enter(VmState::failed);
  if (has_started_ && machine_)
    return machine_->kill("controller");  // its end is told when it is seen
  finish(document_->cause);
}

void Vm::on_timer(std::uint64_t ticket) {
  if (ticket == tombstone_ticket_ && token_) return write_tombstone();
  if (ticket != ticket_ || has_exited_) return;
  if (is_link_lost_ && document_->state != VmState::stopping) return fail(*finish_cause_);
  record("deadline.passed", "",
         {{"state", to_string(document_->state)}, {"cause", deadline_cause()}});
  if (document_->state == VmState::stopping) {
    machine_->kill(stopped_by_.value_or("controller"));
    return;
  }
  fail(deadline_cause());
}

Cause Vm::deadline_cause() const {
  const std::string last{stages_.empty() ? "none" : to_string(stages_.back())};
  if (document_->state == VmState::linking)
    return {CauseKind::link_timeout,
            "The guest " + spec_.vm + " never spoke on its link.",
            "Look at the guest's console and log for what it did instead.",
            {"last stage reached: " + last}};
  return {CauseKind::deadline,
          "The VM " + spec_.vm + " was still " + std::string{to_string(document_->state)} +
              " at its deadline.",
          "The host may be overloaded: look at its load and the driver's log.",
          {"last stage reached: " + last}};
}

Duration Vm::stop_deadline() const {
  auto total = stop_slack;
  for (const auto& child : spec_.configure.profile->children)
    total += child.grace;
  return total;
}

// -- telling --------------------------------------------------------------------------------------

void Vm::enter(VmState state, std::optional<Duration> deadline) {
  document_.edit().state = state;
  ++ticket_;
  if (deadline) send_later(*deadline, VmTimer{ticket_});
  tell_owner(document_->cause);
  Json data{{"state", to_string(state)}};
  if (document_->cause) data["cause"] = *document_->cause;
  record("vm.state", "", std::move(data));
  publish();
}

void Vm::reach(Stage stage) {
  if (std::find(stages_.begin(), stages_.end(), stage) != stages_.end()) return;
  stages_.push_back(stage);
  if (owner_) send(owner_, VmStageReached{spec_.vm, stage});
}

void Vm::publish() {
  show_face();
  send(environment_->directory.ledger(), UpdateVm{document_.pointer()});
  remember();
}

void Vm::record(std::string kind, std::string child, Json data) {
  send(environment_->directory.ledger(),
       RecordEvent{{0, environment_->wall(), std::move(kind), document_->session, spec_.vm,
                    std::move(child), std::move(data)}});
}

}  // namespace aerie
