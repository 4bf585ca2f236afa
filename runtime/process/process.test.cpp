#include "runtime/process/process.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <iterator>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/process/waiting.hpp"

using namespace std::chrono_literals;
using aerie::CauseKind;
using aerie::ExitRecord;
using aerie::LogLine;
using aerie::Process;
using aerie::Reactor;
using aerie::SpawnRequest;
using aerie::testing::Eventually;

namespace {

SpawnRequest shell(const std::string& script) {
  SpawnRequest request;
  request.argv = {"/bin/sh", "-c", script};
  request.env = {{"PATH", "/usr/bin:/bin"}};
  return request;
}

/// A process under test, with what it said and how it ended.
class Watched {
 public:
  explicit Watched(const SpawnRequest& request) { start(request); }
  explicit Watched(const std::string& script) { start(shell(script)); }
  ~Watched() {
    reactor_.call([this] { process_.reset(); });
  }

  /// Runs on the reactor's thread.
  template <class Function>
  void with(Function&& use) {
    reactor_.call([&] { use(*process_); });
  }

  /// Waits for a line; returns at once when it came already.
  void wait_for_line(const std::string& text) {
    Eventually<bool> seen;
    reactor_.call([&] {
      for (const auto& line : lines_)
        if (line.text == text) return seen.set(true);
      awaited_ = [&seen, text](const LogLine& line) {
        if (line.text != text) return false;
        seen.set(true);
        return true;
      };
    });
    seen.get();
  }

  ExitRecord end() { return exit_.get(); }
  [[nodiscard]] const std::vector<LogLine>& lines() const { return lines_; }
  bool oom_killed = false;

 private:
  void start(const SpawnRequest& request) {
    reactor_.call([&] {
      aerie::ProcessEvents events;
      events.on_lines = [this](std::vector<LogLine> lines) {
        for (auto& line : lines) {
          lines_.push_back(line);
          if (awaited_ && awaited_(line)) awaited_ = nullptr;
        }
      };
      events.on_exit = [this](ExitRecord record) { exit_.set(std::move(record)); };
      events.oom_killed = [this] { return oom_killed; };
      auto process = Process::start(reactor_, "browser", request, std::move(events));
      if (process)
        process_ = std::move(*process);
      else
        exit_.set(process.error());
    });
  }

  std::vector<LogLine> lines_;
  std::function<bool(const LogLine&)> awaited_;
  Eventually<ExitRecord> exit_;
  std::unique_ptr<Process> process_;
  Reactor reactor_;
};

}  // namespace

TEST_CASE("lines of both streams come before the end, the unfinished one too", "[process]") {
  Watched watched{"echo out; echo err >&2; printf unfinished; exit 7"};
  const auto record = watched.end();
  CHECK(record.kind == CauseKind::exit_code);
  CHECK(record.code == 7);
  CHECK(record.child == "browser");
  CHECK(record.pid.has_value());
  std::vector<std::string> texts;
  for (const auto& line : watched.lines())
    texts.push_back((line.stream == LogLine::Stream::err ? "err:" : "out:") + line.text);
  std::sort(texts.begin(), texts.end());
  CHECK(texts == std::vector<std::string>{"err:err", "out:out", "out:unfinished"});
  CHECK(record.tail.size() == 3);
}

TEST_CASE("an exit record holds what is known of the end", "[process]") {
  const auto before = aerie::wall_now();
  Watched watched{"for i in $(seq 30); do echo line $i; done; echo oops >&2; printf last; exit 3"};
  const auto record = watched.end();
  CHECK(record.code == 3);
  CHECK_FALSE(record.signal);
  CHECK_FALSE(record.errno_name);
  CHECK_FALSE(record.by);
  CHECK(record.at >= before);
  CHECK(record.uptime_ms >= 0);
  CHECK(record.uptime_ms <= (record.at - before).count() + 1);
  CHECK(record.remedy);
  CHECK_THAT(record.message, Catch::Contains("browser") && Catch::Contains("code 3"));
  // The last lines of both, in each stream's order, the unfinished one at the end.
  REQUIRE(record.tail.size() == 20);
  CHECK(record.tail.back() == "last");
  std::vector<std::string> own;
  std::copy_if(record.tail.begin(), record.tail.end(), std::back_inserter(own),
               [](const auto& line) { return line.starts_with("line "); });
  REQUIRE(own.size() == 18);
  for (std::size_t i = 0; i < own.size(); ++i)
    CHECK(own[i] == "line " + std::to_string(13 + i));
  CHECK(std::count(record.tail.begin(), record.tail.end(), "oops") == 1);
}

TEST_CASE("a failed exec is told by the name of its error", "[process]") {
  for (const auto& [program, error] :
       {std::pair{"/nowhere/program", "ENOENT"}, {"/etc/passwd", "EACCES"}, {"/tmp", "EACCES"}}) {
    SpawnRequest request;
    request.argv = {program};
    Watched watched{request};
    const auto record = watched.end();
    CHECK(record.errno_name == error);
    CHECK_THAT(record.message, Catch::Contains(program) && Catch::Contains(error));
    CHECK_FALSE(record.pid);
    CHECK(record.uptime_ms == 0);
  }
}

TEST_CASE("a signal from outside is told as one", "[process]") {
  Watched watched{"echo up; exec sleep 1000"};
  watched.wait_for_line("up");
  watched.with([](Process& process) { process.signal(SIGSEGV); });
  const auto record = watched.end();
  CHECK(record.kind == CauseKind::signal);
  CHECK(record.signal == "SIGSEGV");
  watched.with([](Process& process) {
    CHECK_FALSE(process.is_running());
    process.signal(SIGTERM);  // harmless after the end
    process.stop(0ms, "operator");
  });
}

TEST_CASE("a stop is asked for and named", "[process]") {
  Watched watched{"trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 1000 & wait; done"};
  watched.wait_for_line("up");
  watched.with([](Process& process) { process.stop(60s, "operator"); });
  const auto record = watched.end();
  CHECK(record.kind == CauseKind::killed);
  CHECK(record.by == "operator");
  CHECK(record.code == 0);
  CHECK(watched.lines().back().text == "bye");
}

TEST_CASE("what does not obey is killed after its grace, with its whole group", "[process]") {
  Watched watched{"trap '' TERM; echo up; while :; do sleep 1000; done"};
  watched.wait_for_line("up");
  watched.with([](Process& process) {
    process.stop(60s, "owner");
    process.stop(1ms, "reaper");  // shortens the grace; the first asker stays
  });
  const auto record = watched.end();
  CHECK(record.kind == CauseKind::killed);
  CHECK(record.by == "owner");
  CHECK(record.signal == "SIGKILL");
}

TEST_CASE("a signal that somebody asked for is theirs, others are not", "[process]") {
  for (const int number : {SIGKILL, SIGTERM, SIGUSR1}) {
    Watched watched{"echo up; exec sleep 1000"};
    watched.wait_for_line("up");
    watched.with([&](Process& process) { process.signal(number, "operator"); });
    const auto record = watched.end();
    CHECK(record.kind == CauseKind::killed);
    CHECK(record.by == "operator");
  }
  Watched watched{"trap 'echo caught' USR1; echo up; while :; do sleep 1000 & wait $!; done"};
  watched.wait_for_line("up");
  watched.with([](Process& process) { process.signal(SIGUSR1, "operator"); });
  watched.wait_for_line("caught");
  watched.with([](Process& process) { process.signal(SIGKILL); });
  CHECK(watched.end().kind == CauseKind::signal);
}

TEST_CASE("an OOM kill is told from another's SIGKILL by the cgroup's count", "[process]") {
  for (const bool counted : {false, true}) {
    Watched watched{"echo up; exec sleep 1000"};
    watched.oom_killed = counted;
    watched.wait_for_line("up");
    watched.with([](Process& process) { process.signal(SIGKILL); });
    CHECK(watched.end().kind == (counted ? CauseKind::oom_kill : CauseKind::signal));
  }
}

TEST_CASE("a grandchild that keeps the pipe does not delay the end, and goes with it",
          "[process]") {
  Watched watched{"sleep 1000 & echo $!; exit 3"};
  const auto record = watched.end();
  CHECK(record.code == 3);
  REQUIRE(watched.lines().size() == 1);
  // Killed before the end was told; its pidfd, if it is there yet, says when it is gone.
  const auto grandchild = std::stoi(watched.lines().front().text);
  const aerie::UniqueFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, grandchild, 0))};
  if (pidfd) {
    pollfd gone{pidfd.get(), POLLIN, 0};
    CHECK(::poll(&gone, 1, 60'000) == 1);
  }
}

TEST_CASE("a flood never blocks the child and ends with its end", "[process]") {
  Watched watched{"head -c 20000000 /dev/zero | tr '\\0' 'x' | fold -w 1000; echo; echo last"};
  const auto record = watched.end();
  CHECK(record.kind == CauseKind::clean);
  std::size_t bytes = 0;
  for (const auto& line : watched.lines())
    bytes += line.text.size();
  CHECK(bytes <= 20'100'000);
}

TEST_CASE("a program that does not exist ends without having run", "[process]") {
  SpawnRequest request;
  request.argv = {"/nowhere/chromium"};
  Watched watched{request};
  const auto record = watched.end();
  CHECK(record.kind == CauseKind::exec_not_found);
  CHECK(record.errno_name == "ENOENT");
  CHECK_FALSE(record.pid);
  CHECK(record.remedy);
}

TEST_CASE("a holder may let go of a running process, also inside its callback", "[process]") {
  Reactor reactor;
  std::unique_ptr<Process> process;
  Eventually<pid_t> let_go;
  reactor.call([&] {
    aerie::ProcessEvents events;
    events.on_lines = [&](const std::vector<LogLine>&) {
      const auto pid = process->pid();
      process.reset();
      let_go.set(pid);
    };
    events.on_exit = [](const ExitRecord&) { FAIL("nobody listens any more"); };
    process = std::move(
        *Process::start(reactor, "browser", shell("echo up; exec sleep 1000"), std::move(events)));
  });
  const auto pid = let_go.get();
  // Killed at once; reaped by the reactor. Waiting here returns when either has happened.
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  reactor.call([] {});
}
