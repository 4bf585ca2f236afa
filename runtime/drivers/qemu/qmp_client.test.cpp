#include "runtime/drivers/qemu/qmp_client.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "runtime/drivers/qemu/qemu_command.hpp"
#include "runtime/process/process.hpp"
#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/unix_socket.hpp"
#include "runtime/process/waiting.hpp"

using aerie::Json;
using aerie::QmpClient;
using aerie::Reactor;
using aerie::Result;
using aerie::testing::Eventually;

namespace {

/// A real QEMU without a machine, stopped, and a client of its monitor.
class StoppedQemu {
 public:
  StoppedQemu() {
    reactor_.call([&] {
      auto listener = aerie::listen_unix(path_);
      REQUIRE(listener);
      aerie::SpawnRequest request;
      request.argv = {aerie::qemu_program,
                      "-M",
                      "none",
                      "-nodefaults",
                      "-display",
                      "none",
                      "-S",
                      "-chardev",
                      "socket,id=qmp,server=on,wait=off,fd=3",
                      "-mon",
                      "chardev=qmp,mode=control"};
      request.env = {{"PATH", "/usr/bin:/bin"}};
      request.fds = {{listener->get(), 3}};
      aerie::ProcessEvents events;
      events.on_exit = [this](aerie::ExitRecord exit) { exit_.set(std::move(exit)); };
      auto process = aerie::Process::start(reactor_, "qemu", request, std::move(events));
      REQUIRE(process);
      process_ = std::move(*process);
      auto socket = aerie::connect_unix(path_);
      REQUIRE(socket);
      client_ = std::make_unique<QmpClient>(
          reactor_, std::move(*socket),
          QmpClient::Events{[this](const std::string& name, const Json&) { events_ += name + " "; },
                            [this](const aerie::Cause& cause) { lost_.set(cause); }});
    });
  }
  StoppedQemu(const StoppedQemu&) = delete;
  StoppedQemu& operator=(const StoppedQemu&) = delete;
  ~StoppedQemu() {
    reactor_.call([&] {
      client_.reset();
      process_.reset();
    });
  }

  Result<Json> ask(const std::string& command) {
    Eventually<Result<Json>> answer;
    reactor_.call([&] {
      client_->execute(command, Json::object(),
                       [&](Result<Json> got) { answer.set(std::move(got)); });
    });
    return answer.get();
  }
  aerie::ExitRecord exit() { return exit_.get(); }
  aerie::Cause lost() { return lost_.get(); }
  void kill() {
    reactor_.call([&] { process_->kill("owner"); });
  }
  std::string events() {
    std::string heard;
    reactor_.call([&] { heard = events_; });
    return heard;
  }

 private:
  aerie::testing::TemporaryDirectory directory_;
  std::string path_ = directory_.path() + "/qmp.sock";
  Eventually<aerie::ExitRecord> exit_;
  Eventually<aerie::Cause> lost_;
  std::string events_;
  Reactor reactor_;
  std::unique_ptr<aerie::Process> process_;
  std::unique_ptr<QmpClient> client_;
};

}  // namespace

TEST_CASE("a real QEMU answers its monitor in order and tells what happens", "[vm][qemu]") {
  StoppedQemu qemu;
  const auto status = qemu.ask("query-status");
  REQUIRE(status);
  CHECK(status->at("running") == false);
  CHECK(qemu.ask("cont"));
  CHECK(qemu.ask("query-status")->at("running") == true);
  CHECK(qemu.events().find("RESUME") != std::string::npos);
  const auto refused = qemu.ask("no-such-command");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == aerie::CauseKind::vmm_failed);
  CHECK(refused.error().message.find("no-such-command") != std::string::npos);
  CHECK(qemu.ask("quit"));
  CHECK(qemu.exit().kind == aerie::CauseKind::clean);
}

TEST_CASE("a QEMU that is killed leaves no question open", "[vm][qemu]") {
  StoppedQemu qemu;
  REQUIRE(qemu.ask("query-status"));
  qemu.kill();
  CHECK(qemu.lost().kind == aerie::CauseKind::vmm_exited);
  CHECK(qemu.ask("query-status").error().kind == aerie::CauseKind::vmm_exited);
}
