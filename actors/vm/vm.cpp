#include "actors/vm/vm.hpp"

#include <algorithm>

namespace aerie {
namespace {

constexpr Duration link_loss_grace{50};  // for the exit that is its likely reason
constexpr Duration stop_slack{3000};     // beyond the children's own graces

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
      [this](const StopVm& message) { stop(message.by, message.at_once); },
      [this](const DismantleVm& message) { dismantle(message.token); },
      [this](const VmTimer& message) { on_timer(message.ticket); },
  };
}

void Vm::on_exit() {
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

// -- the guest's words ----------------------------------------------------------------------------

void Vm::on_says(link::GuestMessage& message) {
  if (auto* news = std::get_if<link::ChildNews>(&message)) {
    // Who started under the controller before is known by its number of then.
    const auto child = document_->children.find(news->child);
    if (news->exit && !news->exit->pid && child != document_->children.end() && child->second > 0)
      news->exit->pid = child->second;
    on_child(*news);
  } else if (auto* lines = std::get_if<link::LogLines>(&message)) {
    environment_->logs->append(spec_.vm, *lines, environment_->wall());
  } else if (auto* says = std::get_if<link::StreamSays>(&message)) {
    if (owner_) send(owner_, VmStreamSays{spec_.vm, std::move(says->body)});
  } else if (auto* login = std::get_if<link::LoginNews>(&message)) {
    if (owner_) send(owner_, VmLoginSays{spec_.vm, std::move(*login)});
  } else if (auto* part = std::get_if<link::CredentialPart>(&message)) {
    if (owner_) send(owner_, VmLoginSays{spec_.vm, std::move(*part)});
  } else if (std::holds_alternative<link::Configured>(message)) {
    reach(Stage::configured);
  } else if (std::holds_alternative<link::AllReady>(message)) {
    reach(Stage::ready);
  } else if (auto* finished = std::get_if<link::Finished>(&message)) {
    if (finished->cause) finish_cause_ = std::move(finished->cause);
  }
}

void Vm::on_child(const link::ChildNews& news) {
  using enum link::ChildNewsKind;
  if (is_adopted_ && is_known(news)) {
    note_child(news);
    return show_face();
  }
  // First those who act on it, then those who remember it: this is the path of a crash.
  if (owner_) send<caf::message_priority::high>(owner_, VmChildNews{spec_.vm, news});
  const auto& children = spec_.configure.profile->children;
  const auto spec = std::find_if(children.begin(), children.end(),
                                 [&](const ChildSpec& each) { return each.name == news.child; });
  if (spec == children.end())
    return fail({CauseKind::link_violation,
                 "The guest spoke of a child '" + news.child + "' that its profile does not have.",
                 "Retire the session; its guest is hostile or of another version.",
                 {}});
  note_child(news);
  Json data{{"restarts", news.restarts}};
  if (news.pid > 0) data["pid"] = news.pid;
  if (!news.detail.empty()) data["detail"] = news.detail;
  if (news.cause) data["cause"] = *news.cause;
  switch (news.kind) {
    case started:
      document_.edit().children[news.child] = news.pid;
      record("child.started", news.child, std::move(data));
      break;
    case ready:
      ready_.insert(news.child);
      record("child.ready", news.child, std::move(data));
      if (spec->builtin == Builtin::display) reach(Stage::display);
      if (spec->builtin == Builtin::stream) reach(Stage::stream);
      break;
    case exited:
      document_.edit().children.erase(news.child);
      ready_.erase(news.child);
      record("child.exited", news.child, *news.exit);
      break;
    case restarting:
      data["retryInMs"] = news.retry_in.value_or(Duration{0}).count();
      record("child.restarting", news.child, std::move(data));
      break;
    case given_up:
      record("child.given-up", news.child, std::move(data));
      break;
  }
  publish();
}

void Vm::on_link_lost(const Cause& cause) {
  if (has_exited_ || document_->state == VmState::stopping || document_->state == VmState::failed)
    return;
  if (!finish_cause_) finish_cause_ = cause;
  is_link_lost_ = true;
  if (cause.kind == CauseKind::link_violation) return fail(*finish_cause_);
  // A guest that died takes its link along; its exit says more than the link's loss.
  send_later(link_loss_grace, VmTimer{++ticket_});
}

void Vm::on_network(const std::optional<Cause>& failure) {
  if (has_exited_ || document_->state == VmState::stopping) return;  // then it may well be gone
  send(owner_, VmChanged{spec_.vm, document_->state, document_->pid, failure});
  Json data{{"check", "network"}};
  if (failure) data["cause"] = *failure;
  record(failure ? "doctor.failed" : "doctor.recovered", "", std::move(data));
}

void Vm::assign(const AssignVm& assignment) {
  document_.edit().session = assignment.session;
  owner_ = assignment.owner;
  for (auto& resource : resources_)
    resource.edit().session = assignment.session;
  environment_->logs->assign(spec_.vm, assignment.session);
  if (machine_)
    machine_->send(link::Assign{assignment.session, assignment.url, assignment.max_age});
  tell_owner_where_it_stands();
  // It may have ended while it was handed over; the former owner was told then.
  if (has_exited_) send(owner_, VmFinished{spec_.vm, document_->cause});
  publish();
}

void Vm::tell_owner_where_it_stands() {
  send(owner_, VmChanged{spec_.vm, document_->state, document_->pid, document_->cause});
  for (const auto& child : spec_.configure.profile->children)
    if ((child.builtin == Builtin::stream || child.builtin == Builtin::login) &&
        document_->children.contains(child.name)) {
      link::ChildNews news;
      news.child = child.name;
      news.pid = document_->children.at(child.name);
      news.kind = link::ChildNewsKind::started;
      send(owner_, VmChildNews{spec_.vm, news});
      news.kind = link::ChildNewsKind::ready;
      if (ready_.contains(child.name)) send(owner_, VmChildNews{spec_.vm, news});
    }
  for (const auto stage : stages_)
    send(owner_, VmStageReached{spec_.vm, stage});
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
  if (owner_) send(owner_, VmChanged{spec_.vm, state, document_->pid, document_->cause});
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
