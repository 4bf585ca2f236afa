#include "runtime/drivers/process/adopted_process.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/waiting.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

/// A process that nobody of the reactor's started.
class Stranger {
 public:
  Stranger() : pid_(::fork()) {
    if (pid_ != 0) return;
    ::pause();
    ::_exit(0);
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;
  ~Stranger() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

using Adopted = Result<std::unique_ptr<AdoptedProcess>>;

}  // namespace

TEST_CASE("a process of another is watched to its end", "[adopted]") {
  Reactor reactor;
  const Stranger stranger;
  Eventually<ExitRecord> exit;
  Adopted adopted;
  reactor.call([&] {
    adopted = AdoptedProcess::adopt(reactor, identity_of(stranger.pid()),
                                    [&](ExitRecord record) { exit.set(std::move(record)); });
  });
  REQUIRE(adopted);
  CHECK((*adopted)->pid() == stranger.pid());
  SECTION("by our kill") {
    reactor.call([&] { (*adopted)->kill("operator"); });
    const auto record = exit.get();
    CHECK(record.kind == CauseKind::killed);
    CHECK(record.by == "operator");
    CHECK(record.pid == stranger.pid());
  }
  SECTION("by another's") {
    ::kill(stranger.pid(), SIGKILL);
    CHECK(exit.get().kind == CauseKind::vmm_exited);
  }
  reactor.call([&] {
    CHECK_FALSE((*adopted)->is_running());
    adopted->reset();
  });
}

TEST_CASE("who has only the number of a guest's process is not taken for it", "[adopted]") {
  Reactor reactor;
  const Stranger stranger;
  auto identity = identity_of(stranger.pid());
  REQUIRE(identity.start > 0);
  REQUIRE_FALSE(identity.boot.empty());
  SECTION("started at another time") {
    ++identity.start;
  }
  SECTION("before the host's boot") {
    identity.boot = "another";
  }
  SECTION("ended, and waits to be reaped") {
    ::kill(stranger.pid(), SIGKILL);
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(stranger.pid()), &info, WEXITED | WNOWAIT) == 0);
  }
  SECTION("none was written down") {
    identity = {};
  }
  reactor.call([&] {
    const auto adopted = AdoptedProcess::adopt(reactor, identity, [](const ExitRecord&) {});
    REQUIRE_FALSE(adopted);
    CHECK(adopted.error().kind == CauseKind::controller_restarted);
  });
}

TEST_CASE("a guest's record is ours alone and read as it was written", "[adopted]") {
  const TemporaryDirectory directory;
  const auto& path = directory.path();
  CHECK(read_guest_record(path).error().kind == CauseKind::controller_restarted);
  REQUIRE(write_guest_record(path, {"secret", {}}));
  REQUIRE(write_guest_record(path, {"secret", {7, 8, "boot"}}));
  struct stat status {};
  REQUIRE(::stat((path + "/guest.json").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const auto record = read_guest_record(path);
  REQUIRE(record);
  CHECK(record->secret == "secret");
  CHECK(record->process == ProcessIdentity{7, 8, "boot"});
  CHECK(write_guest_record(path + "/none", {}).error().kind == CauseKind::store_failed);
}
