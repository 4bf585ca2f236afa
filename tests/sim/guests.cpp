#include "tests/sim/guests.hpp"

#include <algorithm>

#include "tests/sim/judge.hpp"

namespace aerie::sim {

using enum aerie::link::ChildNewsKind;

namespace {

const Cause lost_guest{CauseKind::controller_restarted, "Nobody knows of it.", "", {}};

}  // namespace

class Guests::SimulatedMachine final : public Machine {
 public:
  SimulatedMachine(Guests& guests, std::string vm)
      : guests_(guests), vm_(std::move(vm)), life_(guests.life_) {}

  [[nodiscard]] std::vector<Resource> resources() const override {
    return {{"", "", "", "directory", "vms/" + vm_}, {"", "", "", "process", "guest of " + vm_}};
  }
  void start() override {
    if (is_heard()) guests_.start(vm_);
  }
  void adopt() override {
    if (is_heard()) guests_.adopt(vm_);
  }
  void send(const link::HostMessage& message) override {
    if (is_heard()) guests_.order(vm_, message);
  }
  void pause(bool) override {}  // people of these histories never do
  void kill(const std::string&) override {
    if (is_heard()) guests_.kill(vm_);
  }
  void release(const Resource& resource) override {
    if (is_heard()) guests_.release(vm_, resource);
  }

 private:
  [[nodiscard]] bool is_heard() const { return guests_.life_ == life_; }

  Guests& guests_;
  std::string vm_;
  std::uint64_t life_;
};

class Guests::SimulatedDriver final : public Driver {
 public:
  explicit SimulatedDriver(Guests& guests) : guests_(guests), life_(guests.life_) {}
  std::unique_ptr<Machine> make(MachineSpec spec,
                                std::shared_ptr<MachineReports> reports) override {
    auto vm = spec.vm;
    if (life_ == guests_.life_) {
      auto& guest = guests_.guests_[vm];
      if (guest.spec.vm.empty()) guest.spec = std::move(spec);
      guest.reports = std::move(reports);
    }
    return std::make_unique<SimulatedMachine>(guests_, std::move(vm));
  }
  void survey(std::function<void(std::vector<Orphan> machines)> found) override {
    if (life_ == guests_.life_) guests_.survey(std::move(found));
  }

 private:
  Guests& guests_;
  std::uint64_t life_;
};

std::shared_ptr<Driver> Guests::open() {
  return std::make_shared<SimulatedDriver>(*this);
}

void Guests::close() {
  ++life_;
  for (auto& [vm, guest] : guests_) {
    guest.reports = nullptr;
    guest.is_linked = false;
  }
}

Guest* Guests::running(std::uint64_t number) {
  std::vector<Guest*> running;
  for (auto& [vm, guest] : guests_)
    if (guest.runs) running.push_back(&guest);
  return running.empty() ? nullptr : running[number % running.size()];
}

void Guests::then(Guest& guest, Duration least, Duration most, std::function<void(Guest&)> task) {
  guest.busy_until = std::max(guest.busy_until, agenda_.now() + random_.between(least, most));
  agenda_.at(guest.busy_until,
             [this, vm = guest.spec.vm, task = std::move(task)] { task(guests_.at(vm)); });
}

// -- what the controller asks for -----------------------------------------------------------------

void Guests::start(const std::string& vm) {
  auto& guest = guests_.at(vm);
  judge_.on_start(vm);
  guest.held = {"directory"};
  guest.speaks = !std::exchange(is_next_mute_, false);
  const bool fails = std::exchange(fails_next_start_, false);
  then(guest, Duration{1}, Duration{800}, [this, fails, life = life_](Guest& self) {
    if (life != life_) return;  // a start that was not done yet ends with its controller
    if (!fails) return begin(self);
    if (self.reports)
      self.reports->on_failed({CauseKind::vmm_failed, "The simulated start failed.", "", {}});
  });
}

void Guests::begin(Guest& guest) {
  guest.runs = true;
  guest.held.insert("process");
  guest.reports->on_started(++next_pid_);
  connect(guest);
}

void Guests::connect(Guest& guest) {
  if (!guest.speaks) return;
  then(guest, Duration{1}, Duration{2'000}, [this](Guest& self) {
    if (!self.runs || !self.reports || self.is_linked) return;
    self.is_linked = true;
    self.reports->on_linked();
    say(self, link::Configured{});
    const bool is_new = self.children.empty();
    for (const auto& spec : self.spec.configure.profile->children)
      then(self, Duration{0}, Duration{is_new ? 1'000 : 1}, [this, name = spec.name](Guest& me) {
        if (!me.runs || me.is_stopping) return;
        me.children.insert(name);
        tell_child(me, started, name);
        tell_child(me, ready, name);
      });
    then(self, Duration{0}, Duration{10}, [this](Guest& me) {
      if (me.runs && !me.is_stopping) say(me, link::AllReady{});
    });
  });
}

void Guests::adopt(const std::string& vm) {
  auto& guest = guests_.at(vm);
  then(guest, Duration{0}, Duration{20}, [this](Guest& self) {
    if (!self.reports) return;
    if (!self.runs)
      return self.reports->on_failed(
          {CauseKind::controller_restarted, "The guest is gone.", "", {}});
    self.reports->on_started(next_pid_);
    connect(self);
  });
}

void Guests::order(const std::string& vm, const link::HostMessage& message) {
  auto& guest = guests_.at(vm);
  if (!guest.runs || !guest.is_linked) return;
  if (std::holds_alternative<link::Stop>(message)) return stop(guest);
  const auto* says = std::get_if<link::StreamSays>(&message);
  if (says == nullptr || says->body.at("type") != "add") return;
  then(guest, Duration{1}, Duration{100}, [this, epoch = says->body.at("epoch")](Guest& self) {
    if (self.runs) say(self, link::StreamSays{{{"type", "offer"}, {"epoch", epoch}, {"sdp", ""}}});
  });
}

void Guests::stop(Guest& guest) {
  if (std::exchange(guest.is_stopping, true)) return;
  then(guest, Duration{1}, Duration{1'500}, [this](Guest& self) {
    say(self, link::Finished{});
    end(self, CauseKind::clean);
  });
}

void Guests::kill(const std::string& vm) {
  auto& guest = guests_.at(vm);
  // Not in turn: whatever the guest is busy with.
  if (guest.runs)
    agenda_.after(random_.between(Duration{0}, Duration{50}),
                  [this, vm] { end(guests_.at(vm), CauseKind::killed); });
}

void Guests::release(const std::string& vm, const Resource& resource) {
  auto& guest = guests_.at(vm);
  judge_.on_release(guest, resource);
  const bool fails = std::exchange(fails_next_release_, false);
  if (!fails) guest.held.erase(resource.kind);
  if (fails) judge_.on_failed_release(vm, resource.kind);
  then(guest, Duration{0}, Duration{200}, [resource, fails](Guest& self) {
    if (!self.reports) return;
    self.reports->on_released(
        resource,
        fails ? std::optional{Cause{CauseKind::network_failed, "Busy.", "", {}}} : std::nullopt);
  });
}

/// Looks into directories and processes, as a driver does.
void Guests::survey(std::function<void(std::vector<Orphan> machines)> found) {
  agenda_.after(random_.between(Duration{1}, Duration{50}),
                [this, life = life_, found = std::move(found)] {
                  if (life != life_) return;
                  std::vector<Orphan> machines;
                  for (const auto& [vm, guest] : guests_) {
                    if (guest.held.empty()) continue;
                    Orphan machine{vm, "", "process", guest.spec.slot, {}, lost_guest, {}};
                    for (const auto* kind : {"directory", "process"})
                      if (guest.held.contains(kind))
                        machine.resources.push_back({"", "", vm, kind, kind + (" of " + vm)});
                    machines.push_back(std::move(machine));
                  }
                  found(std::move(machines));
                });
}

// -- what goes wrong ------------------------------------------------------------------------------

void Guests::end(Guest& guest, CauseKind kind) {
  if (!guest.runs) return;
  guest.runs = false;
  guest.has_ended = true;
  guest.children.clear();
  if (!guest.reports) return;
  ExitRecord exit;
  exit.child = "vmm";
  exit.kind = kind;
  exit.message = "The simulated guest ended.";
  exit.at = agenda_.now();
  guest.reports->on_exited(exit);
}

void Guests::crash_child(Guest& guest, std::uint64_t number) {
  if (guest.children.empty() || guest.is_stopping) return;
  const auto name = *std::next(guest.children.begin(),
                               static_cast<std::ptrdiff_t>(number % guest.children.size()));
  guest.children.erase(name);
  ++guest.restarts;
  tell_child(guest, exited, name);
  tell_child(guest, restarting, name);
  then(guest, Duration{0}, Duration{500}, [this, name](Guest& self) {
    if (!self.runs || self.is_stopping) return;
    self.children.insert(name);
    tell_child(self, started, name);
    tell_child(self, ready, name);
  });
}

void Guests::give_up_child(Guest& guest, std::uint64_t number) {
  if (guest.children.empty() || guest.is_stopping) return;
  const auto name = *std::next(guest.children.begin(),
                               static_cast<std::ptrdiff_t>(number % guest.children.size()));
  guest.children.erase(name);
  guest.is_stopping = true;
  tell_child(guest, exited, name);
  tell_child(guest, given_up, name);
  const auto kind = number % 2 == 0 ? CauseKind::crash_loop : CauseKind::library_missing;
  say(guest, link::Finished{Cause{kind, "The child " + name + " was given up.", "", {}}});
  then(guest, Duration{0}, Duration{1'000}, [this](Guest& self) { end(self, CauseKind::clean); });
}

void Guests::lose_link(Guest& guest) {
  if (!guest.is_linked) return;
  guest.is_linked = false;
  if (guest.reports) guest.reports->on_link_lost({CauseKind::link_lost, "The link broke.", "", {}});
}

void Guests::heal() {
  is_next_mute_ = false;
  fails_next_start_ = false;
  fails_next_release_ = false;
}

// -- what a guest says ----------------------------------------------------------------------------

void Guests::say(Guest& guest, link::GuestMessage message) {
  if (guest.reports && guest.is_linked) guest.reports->on_says(std::move(message));
}

void Guests::tell_child(Guest& guest, link::ChildNewsKind kind, const std::string& child) {
  link::ChildNews news;
  news.kind = kind;
  news.child = child;
  news.pid = ++next_pid_;
  news.restarts = guest.restarts;
  if (kind == exited || kind == given_up) {
    ExitRecord exit;
    exit.child = child;
    exit.kind = CauseKind::signal;
    exit.signal = "SIGSEGV";
    exit.message = child + " crashed.";
    exit.restarts = guest.restarts;
    exit.at = agenda_.now();
    news.exit = exit;
  }
  say(guest, std::move(news));
}

}  // namespace aerie::sim
