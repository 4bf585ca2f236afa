#include "runtime/drivers/process/sandbox.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/process/process.hpp"
#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/waiting.hpp"

using namespace aerie;
using aerie::testing::Eventually;
using aerie::testing::TemporaryDirectory;

namespace {

bool has(const std::vector<std::string>& arguments, const std::vector<std::string>& part) {
  return std::search(arguments.begin(), arguments.end(), part.begin(), part.end()) !=
         arguments.end();
}

SandboxSpec spec_in(const std::string& directory, const std::string& script) {
  SandboxSpec spec;
  spec.vm = "6f0d3c1e-7c39-4a7e-9d2f-0a7c1a5d9b10";
  spec.directory = directory;
  spec.guest_program = "/usr/bin/dash";
  spec.stream_program = "/usr/bin/true";
  spec.login_program = "/usr/bin/true";
  spec.oidc_program = "/usr/bin/true";
  spec.guest_arguments = {"-c", script};
  return spec;
}

/// A sandbox in which a shell stands in for the guest program.
class ShellInSandbox {
 public:
  ShellInSandbox(Reactor& reactor, const std::string& directory, const std::string& script)
      : reactor_(reactor) {
    const auto spec = spec_in(directory, script);
    REQUIRE(prepare_sandbox_directory(spec));
    SpawnRequest request;
    request.argv = sandbox_command(spec);
    // A machine ends what is inside by its cgroup, which there is none of here.
    REQUIRE(request.argv.front() == "bwrap");
    request.argv.insert(request.argv.begin() + 1, "--die-with-parent");
    request.env = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
    reactor_.call([&] {
      auto process = Process::start(reactor_, "guest", request,
                                    {[this](const std::vector<LogLine>& lines) { read(lines); },
                                     [this](ExitRecord record) { end_.set(std::move(record)); },
                                     {}});
      REQUIRE(process);
      process_ = std::move(*process);
    });
  }
  ~ShellInSandbox() {
    reactor_.call([this] { process_.reset(); });
  }

  void wait_until_up() { up_.get(); }

  /// What it wrote, after its end.
  std::string output() {
    end_.get();
    return text_;
  }

 private:
  void read(const std::vector<LogLine>& lines) {
    for (const auto& line : lines) {
      if (line.text == "up") up_.set(true);
      text_ += line.text + "\n";
    }
  }

  Reactor& reactor_;
  Eventually<bool> up_;
  Eventually<ExitRecord> end_;
  std::string text_;
  std::unique_ptr<Process> process_;
};

}  // namespace

TEST_CASE("the sandbox's command shares programs and nothing else", "[sandbox]") {
  const auto command = sandbox_command(spec_in("/state/vms/one", "true"));
  for (const auto* flag : {"--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
                           "--as-pid-1", "--new-session", "--clearenv"})
    CHECK(has(command, {flag}));
  CHECK(has(command, {"--bind", "/state/vms/one/home", sandbox::home}));
  CHECK(has(command, {"--ro-bind", "/usr", "/usr"}));
  // A guest outlives a controller that is killed.
  CHECK_FALSE(has(command, {"--die-with-parent"}));
  for (std::size_t i = 0; i + 1 < command.size(); ++i) {
    if (command[i] == "--bind") CHECK(command[i + 1] == "/state/vms/one/home");
    if (!command[i].starts_with("--ro-bind")) continue;
    INFO(command[i + 1]);
    CHECK(command[i + 1] != "/etc");
    CHECK_THAT(command[i + 1], !Catch::Contains("shadow") && !Catch::Contains("/root"));
  }
}

TEST_CASE("with an identity everything is entered as that user", "[sandbox]") {
  auto spec = spec_in("/state/vms/one", "true");
  spec.identity = SpawnRequest::Identity{200'007, 200'007};
  spec.enter_program = "/opt/aerie/aerie-enter";
  const auto command = sandbox_command(spec);
  CHECK(command.front() == "/opt/aerie/aerie-enter");
  CHECK(has(command, {"200007", "200007", "/state/vms/one", "/usr/bin/dash", "/usr/bin/true",
                      "/usr/bin/true", "/usr/bin/true", "-", "--", "bwrap"}));
  CHECK(has(command, {"--bind", "/mnt/vm/home", sandbox::home}));
  CHECK_FALSE(has(command, {"/mnt/vm/etc/resolv.conf"}));
}

TEST_CASE("a network of its own is entered first, and brings its resolvers", "[sandbox]") {
  const TemporaryDirectory directory;
  auto spec = spec_in(directory.path(), "true");
  spec.identity = SpawnRequest::Identity{::getuid(), ::getgid()};
  spec.enter_program = "/opt/aerie/aerie-enter";
  spec.network_fd = 5;
  spec.resolvers = {"192.0.2.53"};
  spec.media_ports = "50000-50015";
  const auto command = sandbox_command(spec);
  CHECK(has(command, {"/usr/bin/true", "5", "--", "bwrap"}));
  CHECK(has(command, {"--ro-bind", "/mnt/vm/etc/resolv.conf", "/etc/resolv.conf"}));
  CHECK(has(command, {"--setenv", "AERIE_MEDIA_PORTS", "50000-50015"}));
  REQUIRE(prepare_sandbox_directory(spec));
  std::ifstream file{directory.path() + "/etc/resolv.conf"};
  std::string line;
  std::getline(file, line);
  CHECK(line == "nameserver 192.0.2.53");
}

TEST_CASE("one guest sees nothing of another, of the state or of the host's homes", "[sandbox]") {
  const TemporaryDirectory state;
  for (const auto* path : {"/vms", "/vms/a", "/vms/b"})
    REQUIRE(::mkdir((state.path() + path).c_str(), 0755) == 0);
  std::ofstream{state.path() + "/operator.token"} << "token";

  Reactor reactor;
  ShellInSandbox first{reactor, state.path() + "/vms/a",
                       "echo secret > /tmp/mark; echo secret > /dev/shm/mark; echo secret > ~/mark;"
                       "mkdir -p /run/user/1000/bus; echo up; sleep 1000"};
  first.wait_until_up();
  ShellInSandbox second{
      reactor, state.path() + "/vms/b",
      "see() { [ -e \"$1\" ] && echo \"sees $1\"; };"
      "see /tmp/mark; see /dev/shm/mark; see ~/mark; see /run/user/1000/bus; see " +
          state.path() + "/operator.token; see " + state.path() +
          "; see /etc/shadow; see /root; see /var/lib; see /run/dbus; see /tmp/.X11-unix;"
          "touch /usr/mark /etc/mark 2>/dev/null && echo writes;"
          "echo user $(id -u) host $(hostname) pids $(echo /proc/[0-9]* | wc -w) homes $(ls /home);"
          "echo root $(ls /)"};
  const auto output = second.output();
  CHECK_THAT(output, Catch::StartsWith("user 1000 host guest pids ") &&
                         Catch::Contains(" homes user\n") && !Catch::Contains("sees") &&
                         !Catch::Contains("writes"));
  std::istringstream root{output.substr(output.rfind("root ") + 5)};
  const std::vector<std::string> allowed{"bin",   "dev",   "etc",    "home", "lib",
                                         "lib32", "lib64", "libx32", "opt",  "proc",
                                         "run",   "sbin",  "tmp",    "usr",  "var"};
  for (std::string name; root >> name;) {
    INFO(name);
    CHECK(std::find(allowed.begin(), allowed.end(), name) != allowed.end());
  }
}
