#include "runtime/drivers/vm/vm_machine.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <signal.h>

#include "runtime/drivers/process/guest_record.hpp"
#include "runtime/drivers/vm/vm_files.hpp"
#include "runtime/process/handshake.hpp"
#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/unix_socket.hpp"
#include "runtime/process/waiting.hpp"

using namespace aerie;
using aerie::testing::Eventually;

namespace {

/// Everything that a machine told, and waiting for it.
class Told final : public MachineReports {
 public:
  void on_started(std::int64_t pid) override { started.set(pid); }
  void on_reached(Stage stage) override { reached.push_back(stage); }
  void on_linked() override { linked.set(true); }
  void on_failed(Cause cause) override { failed.set(std::move(cause)); }
  void on_says(link::GuestMessage message) override {
    if (const auto* news = std::get_if<link::ChildNews>(&message)) child.set(*news);
  }
  void on_link_lost(Cause cause) override { lost.set(std::move(cause)); }
  void on_exited(ExitRecord exit) override { exited.set(std::move(exit)); }
  void on_released(Resource, std::optional<Cause> failure) override { released.set(failure); }
  void on_network(std::optional<Cause>) override {}
  void on_paused(bool is_paused, std::optional<Cause> failure) override {
    paused.set({is_paused, std::move(failure)});
  }

  Eventually<std::int64_t> started;
  Eventually<bool> linked;
  Eventually<Cause> failed;
  Eventually<link::ChildNews> child;
  Eventually<Cause> lost;
  Eventually<ExitRecord> exited;
  Eventually<std::optional<Cause>> released;
  Eventually<std::pair<bool, std::optional<Cause>>> paused;
  std::vector<Stage> reached;
};

/// A VMM that is `sleep`, whose guest is this test: the far end of the link is handed to it.
class SleepingVmm final : public Vmm {
 public:
  SleepingVmm(VmPlan plan, Eventually<UniqueFd>& far) : plan_(std::move(plan)), far_(far) {}

  Result<void> prepare() override { return prepare_vm_files(plan_, plan_.image.overlay); }
  Result<SpawnRequest> command(std::optional<int>) override {
    SpawnRequest request;
    request.argv = {"/bin/sleep", "1000"};
    return request;
  }
  void on_started(bool, std::function<void(Cause)>) override {}
  void connect(std::function<void(Result<UniqueFd>)> connected) override {
    auto pair = unix_socket_pair();
    far_.set(std::move(pair->second));
    connected(std::move(pair->first));
  }
  void pause(bool, std::function<void(Result<void>)> done) override { done({}); }
  std::optional<Cause> explain(const ExitRecord&) const override { return std::nullopt; }

 private:
  VmPlan plan_;
  Eventually<UniqueFd>& far_;
};

/// The guest's side: takes the birth, proves itself with the secret it was given.
class Guest {
 public:
  Guest(Reactor& reactor, UniqueFd socket) : reactor_(reactor) {
    reactor_.call([&] {
      socket_ = std::make_unique<FrameSocket>(
          reactor_, std::move(socket),
          FrameSocket::Events{[this](const Json& message) { on_message(message); },
                              [](const Cause&) {}});
    });
  }
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  ~Guest() {
    reactor_.call([&] { socket_.reset(); });
  }

  void say(const Json& message) {
    reactor_.call([&] { socket_->send(message); });
  }

  Eventually<Json> birth;
  Eventually<Json> configure;

 private:
  void on_message(const Json& message) {
    const auto type = message.at("type").get<std::string>();
    if (type == "birth") {
      handshake_.emplace(message.at("secret").get<std::string>());
      birth.set(message);
    } else if (type == "hello") {
      socket_->send(*handshake_->answer(message));
    } else if (type == "proof") {
      REQUIRE(handshake_->check(message));
      socket_->send({{"type", "linked"}, {"configured", 0}});
    } else if (type == "configure") {
      configure.set(message);
    }
  }

  Reactor& reactor_;
  std::unique_ptr<FrameSocket> socket_;
  std::optional<GuestHandshake> handshake_;
};

/// A machine of its own, with its directory.
class Fixture {
 public:
  Fixture() {
    std::ofstream{directory_.path() + "/overlay"} << "empty";
    VmOptions options;
    options.vms_directory = directory_.path();
    options.driver = "sleeping";
    options.environment = {{"PORT", "4000"}};
    MachineSpec spec;
    spec.vm = "one";
    Profile profile;
    profile.name = "terminal";
    spec.configure.profile = profile;
    spec.configure.env = {{"PASSWORD", "hunter2"}};
    machine = std::make_shared<VmMachine>(
        reactor, disk, options,
        [this](const MachineSpec&, VmPlan plan) -> Result<std::unique_ptr<Vmm>> {
          if (refusal) return tl::unexpected(*refusal);
          plan.image.overlay = directory_.path() + "/overlay";
          return std::make_unique<SleepingVmm>(std::move(plan), far);
        },
        std::move(spec), told);
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() {
    reactor.call([&] {
      machine->kill("owner");
      machine->forget();
    });
  }

  void start() {
    reactor.post([&] { machine->start(); });
  }
  void console(const std::string& text) {
    std::ofstream{folder() + "/console.log", std::ios::app} << text;
  }
  [[nodiscard]] std::string folder() const { return directory_.path() + "/one"; }

 private:
  testing::TemporaryDirectory directory_;

 public:
  Reactor reactor;
  Reactor disk;
  std::shared_ptr<Told> told = std::make_shared<Told>();
  Eventually<UniqueFd> far;
  std::optional<Cause> refusal;
  std::shared_ptr<VmMachine> machine;
};

}  // namespace

TEST_CASE("a machine is born over its link, and gets its profile there", "[vm][machine]") {
  Fixture fixture;
  fixture.start();
  Guest guest{fixture.reactor, fixture.far.get()};
  const auto birth = guest.birth.get();
  CHECK(birth.at("secret").get<std::string>().size() == 64);
  CHECK(birth.at("entropy") != birth.at("secret"));
  CHECK(birth.at("at").get<std::int64_t>() > 0);
  CHECK(birth.at("environment").at("PORT") == "4000");
  CHECK(guest.configure.get().at("env").at("PASSWORD") == "hunter2");
  CHECK(fixture.told->linked.get());
  const auto record = read_guest_record(fixture.folder());
  REQUIRE(record);
  CHECK(record->secret == birth.at("secret"));
  CHECK(record->process.pid == fixture.told->started.get());
  CHECK(record->driver == "sleeping");
}

TEST_CASE("a machine's processes have no number on this host", "[vm][machine]") {
  Fixture fixture;
  fixture.start();
  Guest guest{fixture.reactor, fixture.far.get()};
  REQUIRE(fixture.told->linked.get());
  guest.say({{"type", "child"}, {"event", "started"}, {"child", "shell"}, {"pid", 77}});
  CHECK(fixture.told->child.get().pid == 0);
}

TEST_CASE("what the console says before there is a link is why a machine failed", "[vm][machine]") {
  Fixture fixture;
  fixture.start();
  const auto silent_guest = fixture.far.get();
  fixture.told->started.get();
  fixture.console("[0.0] Linux version 6\n");
  fixture.console("[0.1] Kernel panic - not syncing: sysrq triggered crash\n");
  const auto cause = fixture.told->failed.get();
  CHECK(cause.kind == CauseKind::kernel_panic);
  CHECK(cause.evidence.size() == 2);
  CHECK(fixture.told->exited.get().kind == CauseKind::killed);
  CHECK(fixture.told->reached == std::vector{Stage::kernel});
}

TEST_CASE("a VMM that ends by itself is told with what the console said last", "[vm][machine]") {
  Fixture fixture;
  fixture.start();
  Guest guest{fixture.reactor, fixture.far.get()};
  REQUIRE(fixture.told->linked.get());
  fixture.console("[9.0] Kernel panic - not syncing: hung_task: blocked tasks\n");
  ::kill(static_cast<pid_t>(fixture.told->started.get()), SIGKILL);
  const auto exit = fixture.told->exited.get();
  CHECK(exit.kind == CauseKind::kernel_panic);
  CHECK(exit.signal == "SIGKILL");
  CHECK(exit.message.find("blocked tasks") != std::string::npos);
}

TEST_CASE("an image that does not fit fails a machine before anything runs", "[vm][machine]") {
  Fixture fixture;
  fixture.refusal = Cause{CauseKind::root_missing, "No image.", "Make one.", {}};
  fixture.start();
  CHECK(fixture.told->failed.get() == *fixture.refusal);
}

TEST_CASE("a machine is halted as soon as there is one", "[vm][machine]") {
  Fixture fixture;
  fixture.reactor.post([&] { fixture.machine->pause(true); });
  fixture.start();
  const auto [is_paused, failure] = fixture.told->paused.get();
  CHECK(is_paused);
  CHECK_FALSE(failure);
}

TEST_CASE("a machine's directory goes when it is released", "[vm][machine]") {
  Fixture fixture;
  fixture.start();
  Guest guest{fixture.reactor, fixture.far.get()};
  REQUIRE(fixture.told->linked.get());
  fixture.reactor.call([&] { fixture.machine->kill("owner"); });
  CHECK(fixture.told->exited.get().kind == CauseKind::killed);
  fixture.reactor.call([&] { fixture.machine->release({"", "", "one", "directory", "vms/one"}); });
  CHECK_FALSE(fixture.told->released.get());
  std::ifstream gone{fixture.folder() + "/guest.json"};
  CHECK_FALSE(gone.is_open());
}
