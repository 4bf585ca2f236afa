#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/drivers/firecracker/boot_plan.hpp"
#include "runtime/drivers/firecracker/socket_wait.hpp"
#include "runtime/process/process.hpp"
#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/waiting.hpp"
#include "tests/support/firecracker/fake_server.hpp"

using namespace aerie;
using namespace aerie::firecracker;
using aerie::testing::Eventually;

namespace {

std::string program_on_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream directories{path == nullptr ? "" : path};
  for (std::string directory; std::getline(directories, directory, ':');) {
    auto candidate = directory + "/" + name;
    if (std::filesystem::exists(candidate)) return candidate;
  }
  return {};
}

/// An API that is about to listen at `api_path`, and a client that waits for it.
struct Rig {
  explicit Rig() {
    reactor.call([this] {
      wait = std::make_unique<SocketWait>(reactor, api_path, Duration{20'000},
                                          [this](Result<UniqueFd> socket) {
                                            wait.reset();
                                            connected.set(std::move(socket));
                                          });
    });
  }
  ~Rig() {
    reactor.call([this] {
      client.reset();
      wait.reset();
      fake.reset();
      process.reset();
    });
  }

  void start_fake() {
    reactor.call([this] { fake = std::make_unique<test::FakeFirecracker>(reactor, api_path); });
  }
  void start_program(const std::string& program) {
    SpawnRequest request;
    request.argv = {program, "--api-sock", api_path};
    reactor.call([&] {
      auto started = Process::start(reactor, "vmm", request, {});
      REQUIRE(started);
      process = std::move(*started);
    });
  }
  void connect() {
    auto socket = connected.get();
    REQUIRE(socket);
    reactor.call([&] { client = std::make_unique<ApiClient>(reactor, std::move(*socket)); });
  }

  Result<Json> ask(const ApiRequest& request) {
    Eventually<Result<Json>> answer;
    reactor.call([&] {
      client->send(request, [&](Result<Json> result) { answer.set(std::move(result)); });
    });
    return answer.get();
  }

  testing::TemporaryDirectory directory;
  std::string api_path = directory.path() + "/api.sock";
  Eventually<Result<UniqueFd>> connected;
  std::unique_ptr<SocketWait> wait;
  std::unique_ptr<ApiClient> client;
  std::unique_ptr<test::FakeFirecracker> fake;
  std::unique_ptr<Process> process;
  Reactor reactor;
};

CauseKind kind_of(const Result<Json>& answer) {
  return answer ? CauseKind::clean : answer.error().kind;
}

bool says(const Result<Json>& answer, const std::string& words) {
  return !answer && answer.error().message.find(words) != std::string::npos;
}

/// What holds for every Firecracker before it has a machine; needs no KVM.
void check_before_boot(Rig& rig) {
  rig.connect();
  CHECK(rig.ask(get_version())->contains("firecracker_version"));
  CHECK(rig.ask(describe_instance())->at("state") == "Not started");
  CHECK(rig.ask(put_machine_configuration({2, 256, true})));
  CHECK(rig.ask(get_machine_configuration())->at("vcpu_count") == 2);
  CHECK(kind_of(rig.ask(put_machine_configuration({2, 0, false}))) == CauseKind::memory_too_small);

  const auto missing = rig.directory.path() + "/none";
  CHECK(kind_of(rig.ask(put_boot_source({missing, "", ""}))) == CauseKind::root_missing);
  CHECK(kind_of(rig.ask(put_drive({"root", missing, true, true, false, {}}))) ==
        CauseKind::root_missing);
  CHECK(says(rig.ask(act(Action::start_instance)), "without kernel configuration"));
  CHECK(says(rig.ask(change_state(VmTransition::pause)),
             "not supported before starting the microVM"));

  const auto disk = rig.directory.path() + "/disk";
  std::ofstream{disk} << std::string(4096, '\0');
  CHECK(rig.ask(put_drive({"root", disk, true, true, false, {}})));
  CHECK(says(rig.ask(put_drive({"other", disk, true, true, false, {}})),
             "root block device already exists"));
  CHECK(says(rig.ask(put_drive({"no-dashes", disk, false, true, false, {}})), "alphanumeric"));

  CHECK(rig.ask(put_vsock({3, rig.directory.path() + "/v.sock"})));
  const auto taken = rig.directory.path() + "/taken.sock";
  std::ofstream{taken} << "";
  CHECK(kind_of(rig.ask(put_vsock({3, taken}))) == CauseKind::address_in_use);
  CHECK(says(rig.ask(load_snapshot({{missing, missing}, false, false, {}, "", {}})),
             "not allowed after configuring boot-specific resources"));
}

}  // namespace

TEST_CASE("an API before the boot of its machine, played", "[firecracker][program]") {
  Rig rig;
  rig.start_fake();
  check_before_boot(rig);
}

TEST_CASE("an API before the boot of its machine, Firecracker's own", "[firecracker][program]") {
  const auto program = program_on_path("firecracker");
  if (program.empty()) {
    WARN("skipped: there is no firecracker on the PATH");
    return;
  }
  Rig rig;
  rig.start_program(program);
  check_before_boot(rig);
}
