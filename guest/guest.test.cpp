#include "guest/guest.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/unique_fd.hpp"
#include "runtime/process/unix_socket.hpp"
#include "runtime/process/waiting.hpp"

using namespace aerie;
using aerie::testing::Eventually;
using aerie::testing::TemporaryDirectory;
using link::ChildNews;
using link::ChildNewsKind;

namespace {

/// A host's end of the link: proves itself, then keeps what it is told.
class Host {
 public:
  Host(Reactor& reactor, const std::string& path, const std::string& secret)
      : reactor_(reactor), handshake_(secret) {
    reactor_.call([&] {
      auto fd = connect_unix(path);
      REQUIRE(fd);
      socket_ = std::make_unique<FrameSocket>(
          reactor_, std::move(*fd),
          FrameSocket::Events{[this](const Json& frame) { on_frame(frame); },
                              [this](const Cause&) { closed_.set(true); }});
      socket_->send(handshake_.hello());
    });
  }
  ~Host() {
    reactor_.call([this] { socket_.reset(); });
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  void send(const link::HostMessage& message) {
    wait_for<link::Linked>();
    reactor_.call([&] { socket_->send(to_frame(message)); });
  }
  void send_raw(const Json& frame) {
    reactor_.call([&] { socket_->send(frame); });
  }

  /// Waits for the first message, past or coming, that fits.
  template <class T>
  T wait_for(std::function<bool(const T&)> fits = [](const T&) { return true; }) {
    Eventually<T> found;
    reactor_.call([&] {
      const auto look = [&found, fits](const link::GuestMessage& message) {
        const auto* typed = std::get_if<T>(&message);
        if (typed == nullptr || !fits(*typed)) return false;
        found.set(*typed);
        return true;
      };
      for (const auto& message : messages_)
        if (look(message)) return;
      awaited_ = look;
    });
    return found.get();
  }

  ChildNews wait_for(const std::string& child, ChildNewsKind kind, int restarts = 0) {
    return wait_for<ChildNews>([=](const ChildNews& news) {
      return news.child == child && news.kind == kind && news.restarts >= restarts;
    });
  }

  void wait_until_closed() { closed_.get(); }
  std::vector<link::GuestMessage> messages() {
    std::vector<link::GuestMessage> copy;
    reactor_.call([&] { copy = messages_; });
    return copy;
  }

 private:
  void on_frame(const Json& frame) {
    if (frame.value("type", "") == "hello") {
      const auto proof = handshake_.answer(frame);
      socket_->send(proof ? *proof : Json{{"type", "proof"}, {"proof", random_hex()}});
      return;
    }
    auto message = link::parse_guest_message(frame);
    if (!message) return;
    messages_.push_back(*message);
    if (awaited_ && awaited_(messages_.back())) awaited_ = nullptr;
  }

  Reactor& reactor_;
  HostHandshake handshake_;
  std::vector<link::GuestMessage> messages_;
  std::function<bool(const link::GuestMessage&)> awaited_;
  Eventually<bool> closed_;
  std::unique_ptr<FrameSocket> socket_;
};

class Configuration : public caf::actor_system_config {
 public:
  Configuration() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
  }
};

/// A guest within the test's process.
struct Fixture {
  Fixture() {
    reactor.call([this] {
      guest::Options options;
      options.socket = path;
      guest = std::make_unique<guest::Guest>(system, reactor, options,
                                             [this](int status) { finished.set(status); });
      REQUIRE_FALSE(guest->open(secret));
    });
  }
  ~Fixture() {
    reactor.call([this] { guest.reset(); });
    reactor.stop();
  }

  TemporaryDirectory directory;
  std::string path = directory.path() + "/s";
  std::string secret = random_hex();
  Configuration configuration;
  caf::actor_system system{configuration};
  Eventually<int> finished;
  std::unique_ptr<guest::Guest> guest;
  Reactor reactor;
};

ChildSpec child(const std::string& name, const std::string& script) {
  ChildSpec spec;
  spec.name = name;
  spec.command = {"/bin/sh", "-c", script};
  spec.backoff.first = Duration{0};
  return spec;
}

link::Configure configure(std::vector<ChildSpec> children) {
  link::Configure message;
  message.vm = "vm";
  message.session = "session";
  message.profile.edit().name = "test";
  message.profile.edit().children = std::move(children);
  message.orphan_after = Duration{60'000};
  return message;
}

std::size_t index_of(const std::vector<link::GuestMessage>& messages,
                     const std::function<bool(const link::GuestMessage&)>& fits) {
  return static_cast<std::size_t>(std::find_if(messages.begin(), messages.end(), fits) -
                                  messages.begin());
}

/// Those in whose environment this stands, zombies not.
std::vector<pid_t> processes_with(const std::string& variable) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    std::ifstream file{entry.path() / "environ"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (text.find(variable) != std::string::npos)
      found.push_back(std::stoi(entry.path().filename().string()));
  }
  return found;
}

/// Waits until a process that is not ours has ended. The deadline is a failsafe.
void wait_for_end(pid_t pid) {
  const UniqueFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  pollfd waited{pidfd.get(), POLLIN, 0};
  if (pidfd && ::poll(&waited, 1, 60'000) != 1)
    throw std::runtime_error{"the process " + std::to_string(pid) + " outlived its parent"};
}

}  // namespace

TEST_CASE("a hundred crashes leave no process behind", "[guest]") {
  Fixture fixture;
  Host host{fixture.reactor, fixture.path, fixture.secret};
  const auto gate = fixture.directory.path() + "/gate";
  const auto count = fixture.directory.path() + "/count";
  REQUIRE(::mkfifo(gate.c_str(), 0600) == 0);
  std::ofstream{count} << "0\n";
  // Each life leaves two that ignore SIGTERM in a session of their own, one of them an orphan.
  auto spec = child("fertile", "read n < " + count + "; echo $((n + 1)) > " + count +
                                   "; test $n -ge 100 && exec sleep 1000; setsid sh -c 'trap \"\" "
                                   "TERM; (sleep 1000 &); echo up > " +
                                   gate + "; exec sleep 1000' & read line < " + gate + "; exit 1");
  spec.backoff.first = Duration{0};
  auto message = configure({spec});
  message.profile.edit().intensity = {1000, Duration{1000}};
  message.env = {{"CRASH_TEST", fixture.secret}};
  host.send(message);
  const auto last = host.wait_for("fertile", ChildNewsKind::started, 100);
  for (auto left = processes_with(fixture.secret); left != std::vector<pid_t>{pid_t(last.pid)};
       left = processes_with(fixture.secret))
    for (const auto pid : left)
      if (pid != last.pid) wait_for_end(pid);
  host.send(link::Stop{"owner"});
  CHECK_FALSE(host.wait_for<link::Finished>().cause);
  for (const auto pid : processes_with(fixture.secret))
    wait_for_end(pid);
}

TEST_CASE("a guest runs its profile and stops when asked", "[guest]") {
  Fixture fixture;
  Host host{fixture.reactor, fixture.path, fixture.secret};
  CHECK_FALSE(host.wait_for<link::Linked>().configured);
  host.send(configure({child("one", "echo up; exec sleep 1000"),
                       child("two",
                             "trap 'echo bye; exit 0' TERM; while :; do sleep 1000 & wait; "
                             "done")}));
  host.wait_for<link::Configured>();
  host.wait_for<link::AllReady>();
  host.wait_for<link::LogLines>([](const auto& log) { return log.child == "one"; });
  host.send(link::Stop{"owner"});
  const auto two = host.wait_for("two", ChildNewsKind::exited);
  CHECK(two.exit->kind == CauseKind::killed);
  CHECK(two.exit->by == "owner");
  CHECK_FALSE(host.wait_for<link::Finished>().cause);
  CHECK(fixture.finished.get() == 0);
  const auto messages = host.messages();
  const auto exit_of = [](const char* name) {
    return [name](const link::GuestMessage& message) {
      const auto* news = std::get_if<ChildNews>(&message);
      return news != nullptr && news->child == name && news->kind == ChildNewsKind::exited;
    };
  };
  CHECK(index_of(messages, exit_of("two")) < index_of(messages, exit_of("one")));
}

TEST_CASE("last words reach the host before the end, and a restart follows", "[guest]") {
  Fixture fixture;
  Host host{fixture.reactor, fixture.path, fixture.secret};
  const auto flag = fixture.directory.path() + "/second";
  host.send(configure({child("once", "test -e " + flag + " && exec sleep 1000; touch " + flag +
                                         "; echo last words >&2; exit 9")}));
  const auto exited = host.wait_for("once", ChildNewsKind::exited);
  CHECK(exited.exit->code == 9);
  CHECK(exited.exit->tail == std::vector<std::string>{"last words"});
  host.wait_for("once", ChildNewsKind::restarting);
  host.wait_for("once", ChildNewsKind::ready, 1);
  const auto messages = host.messages();
  const auto log = index_of(messages, [](const auto& message) {
    return std::holds_alternative<link::LogLines>(message);
  });
  const auto exit = index_of(messages, [](const auto& message) {
    const auto* news = std::get_if<ChildNews>(&message);
    return news != nullptr && news->kind == ChildNewsKind::exited;
  });
  CHECK(log < exit);
}

TEST_CASE("a missing variable and a missing program are named and not retried", "[guest]") {
  Fixture fixture;
  Host host{fixture.reactor, fixture.path, fixture.secret};
  auto spec = child("agent", "true");
  SECTION("variable") {
    spec.require_env = {"AGENT_KEY"};
    host.send(configure({spec}));
    const auto cause = host.wait_for<link::Finished>().cause;
    REQUIRE(cause);
    CHECK(to_string(cause->kind) == "environment-missing");
    CHECK_THAT(cause->message, Catch::Contains("AGENT_KEY"));
  }
  SECTION("program") {
    spec.command = {"/nowhere/agent"};
    host.send(configure({spec}));
    const auto exit = host.wait_for("agent", ChildNewsKind::exited);
    CHECK(exit.exit->errno_name == "ENOENT");
    CHECK(host.wait_for<link::Finished>().cause->kind == CauseKind::exec_not_found);
  }
  CHECK(fixture.finished.get() == 1);
}

TEST_CASE("a program that could not start is never started", "[guest]") {
  Fixture fixture;
  Host host{fixture.reactor, fixture.path, fixture.secret};
  const auto cut_short = fixture.directory.path() + "/agent";
  std::filesystem::copy_file("/bin/true", cut_short);
  std::filesystem::resize_file(cut_short, 5000);
  auto spec = child("agent", "true");
  SECTION("its command") {
    spec.command = {cut_short};
  }
  SECTION("what a shell would start, as `open` names it") {
    spec.open = {cut_short, "${url}"};
  }
  host.send(configure({spec}));
  const auto news = host.wait_for("agent", ChildNewsKind::exited);
  CHECK(to_string(news.exit->kind) == "exec-wrong-format");
  CHECK_FALSE(news.exit->pid);
  CHECK_THAT(news.exit->message, Catch::Contains(cut_short));
  CHECK(host.wait_for<link::Finished>().cause->kind == CauseKind::exec_wrong_format);
  const auto messages = host.messages();
  CHECK(std::none_of(messages.begin(), messages.end(), [](const auto& message) {
    const auto* each = std::get_if<ChildNews>(&message);
    return each != nullptr && each->kind == ChildNewsKind::started;
  }));
}

TEST_CASE("a child is stopped while its program is looked at", "[guest]") {
  Reactor reactor;
  Eventually<ExitRecord> exited;
  std::unique_ptr<guest::ProcessChildren> children;
  reactor.call([&] {
    auto message = configure({child("agent", "exec sleep 1000")});
    children = std::make_unique<guest::ProcessChildren>(
        guest::GuestSetting{reactor, message, "", "", "", guest::own_environment(), {}, {}, {}},
        guest::ChildReports{[](const auto&, auto, auto) { FAIL("it was started"); },
                            [](const auto&, auto) {},
                            [&](const auto&, auto, ExitRecord exit) { exited.set(exit); }});
    // The result can't come between these: it is told on this thread.
    children->start("agent", 1);
    children->stop("agent", 1, Duration{0}, "owner");
  });
  const auto exit = exited.get();
  CHECK(exit.kind == CauseKind::killed);
  CHECK(exit.by == "owner");
  CHECK_FALSE(exit.pid);
  reactor.call([&] {
    children->clear();
    children.reset();
  });
  reactor.stop();
}

TEST_CASE("values of the session reach commands and environment", "[guest]") {
  Fixture fixture;
  Host host{fixture.reactor, fixture.path, fixture.secret};
  auto spec = child("echo", "");
  spec.command = {
      "/bin/sh", "-c",     "echo \"$1|$2|$KEY|$PLAIN|${#SECRET} $SECRET\"; exec sleep 1000",
      "sh",      "${url}", "${width}x${height}"};
  spec.env = {{"PLAIN", "profile"}, {"KEY", "profile"}};
  auto message = configure({spec});
  message.url = "data:text/html,<p title=\"a b\">${width}";
  message.env = {{"KEY", "mine"}, {"SECRET", "not for logs"}};
  message.display = {640, 360, 30};
  host.send(message);
  const auto log = host.wait_for<link::LogLines>();
  CHECK(log.lines.front() == message.url + "|640x360|mine|profile|12 [env SECRET]");
}

TEST_CASE("who does not know the secret is not obeyed", "[guest]") {
  Fixture fixture;
  {
    Host stranger{fixture.reactor, fixture.path, random_hex()};
    stranger.wait_until_closed();
    CHECK(stranger.messages().empty());
  }
  Host impatient{fixture.reactor, fixture.path, fixture.secret};
  impatient.wait_for<link::Linked>();
  impatient.send_raw({{"type", "self-destruct"}});
  impatient.wait_until_closed();
}

TEST_CASE("children outlive their host; the next one hears what it missed", "[guest]") {
  Fixture fixture;
  const auto gate = fixture.directory.path() + "/gate";
  REQUIRE(::mkfifo(gate.c_str(), 0600) == 0);
  {
    Host host{fixture.reactor, fixture.path, fixture.secret};
    host.send(configure({child("steady", "exec sleep 1000"),
                         child("late", "read line < " + gate + "; echo said $line; exit 4")}));
    host.wait_for<link::AllReady>();
  }
  std::ofstream{gate} << "meanwhile\n";
  Host next{fixture.reactor, fixture.path, fixture.secret};
  CHECK(next.wait_for<link::Linked>().configured);
  CHECK(next.wait_for<link::LogLines>().lines.front() == "said meanwhile");
  CHECK(next.wait_for("late", ChildNewsKind::exited).exit->code == 4);
  next.wait_for("steady", ChildNewsKind::started);
  next.wait_for("steady", ChildNewsKind::ready);
}

TEST_CASE("a new host replaces the old one", "[guest]") {
  Fixture fixture;
  Host first{fixture.reactor, fixture.path, fixture.secret};
  first.wait_for<link::Linked>();
  Host second{fixture.reactor, fixture.path, fixture.secret};
  second.wait_for<link::Linked>();
  first.wait_until_closed();
  second.send(link::Stop{"owner"});
  second.wait_for<link::Finished>();
  CHECK(fixture.finished.get() == 0);
}

TEST_CASE("a guest without a controller stops its children and ends", "[guest]") {
  Fixture fixture;
  {
    Host host{fixture.reactor, fixture.path, fixture.secret};
    auto message = configure({child("steady", "exec sleep 1000")});
    message.orphan_after = Duration{20};
    host.send(message);
    host.wait_for<link::AllReady>();
  }
  CHECK(fixture.finished.get() == 0);
}

TEST_CASE("a guest past its age runs on as long as there is a controller", "[guest]") {
  Fixture fixture;
  {
    Host host{fixture.reactor, fixture.path, fixture.secret};
    auto message = configure({child("brief", "exec sleep 0.1")});
    message.orphan_after = Duration{20};
    message.max_age = Duration{1};
    host.send(message);
    host.wait_for("brief", ChildNewsKind::restarting);
  }
  CHECK(fixture.finished.get() == 0);
}

TEST_CASE("a child that is alive and not ready is ended and named so", "[guest]") {
  Fixture fixture;
  Host host{fixture.reactor, fixture.path, fixture.secret};
  auto spec = child("mute", "exec sleep 1000");
  spec.restart = RestartType::temporary;
  spec.ready.kind = ReadyKind::line;
  spec.ready.pattern = "^listening";
  spec.ready.within = Duration{30};
  host.send(configure({spec}));
  const auto exited = host.wait_for("mute", ChildNewsKind::exited);
  CHECK(exited.exit->kind == CauseKind::not_ready);
  CHECK(exited.exit->signal == "SIGKILL");
  CHECK_FALSE(exited.exit->by);
}
