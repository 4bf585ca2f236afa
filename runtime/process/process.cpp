#include "runtime/process/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string_view>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "runtime/process/child_output.hpp"
#include "runtime/process/exec_diagnosis.hpp"
#include "runtime/process/exit_verdict.hpp"

namespace aerie {
namespace {

/// At most this much of one pipe in one round, so that a noisy child does not starve the others.
constexpr std::size_t read_bytes = 64 * 1024;

/// waitid(2) on a pidfd, with WNOWAIT to look without reaping; empty while it runs.
std::optional<siginfo_t> wait_on(int pidfd, int flags) {
  siginfo_t info{};
  int result = 0;
  do
    result = ::waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG | flags);
  while (result != 0 && errno == EINTR);
  if (result != 0 || info.si_pid == 0) return std::nullopt;
  return info;
}

WaitStatus status_of(const siginfo_t& info) {
  const bool exited = info.si_code == CLD_EXITED;
  return {exited ? WaitStatus::How::exited : WaitStatus::How::signaled, info.si_status};
}

/// A child that its holder let go of: reaped when its killed process is gone.
struct LetGo {
  UniqueFd pidfd;
  Watch watch;
};

void reap_later(Reactor& reactor, UniqueFd pidfd) {
  auto held = std::make_shared<LetGo>();
  held->pidfd = std::move(pidfd);
  auto watch = reactor.watch(held->pidfd.get(), EPOLLIN, [held](std::uint32_t) {
    [[maybe_unused]] const auto reaped = wait_on(held->pidfd.get(), 0);
    held->watch.reset();
  });
  if (watch) held->watch = std::move(*watch);
}

}  // namespace

class Process::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Reactor& reactor, std::string name, bool leads_group, Child child, ProcessEvents events)
      : reactor_(reactor),
        name_(std::move(name)),
        leads_group_(leads_group),
        child_(std::move(child)),
        events_(std::make_shared<const ProcessEvents>(std::move(events))) {}

  [[nodiscard]] std::optional<Cause> watch() {
    // The pipes first: of events that come in one round, output is then seen before the end.
    for (auto* pipe : {&out_, &err_}) {
      const int fd = pipe == &out_ ? child_.out.get() : child_.err.get();
      auto watched = reactor_.watch(fd, EPOLLIN, [weak = weak_from_this(), pipe](std::uint32_t) {
        if (const auto self = weak.lock()) self->read(*pipe, read_bytes);
      });
      if (!watched) return watched.error();
      pipe->watch = std::move(*watched);
    }
    auto watched = reactor_.watch(child_.pidfd.get(), EPOLLIN, [weak = weak_from_this()](auto) {
      if (const auto self = weak.lock()) self->on_end();
    });
    if (!watched) return watched.error();
    pidfd_watch_ = std::move(*watched);
    return std::nullopt;
  }

  [[nodiscard]] pid_t pid() const { return child_.pid; }
  [[nodiscard]] const std::string& program() const { return child_.program; }
  [[nodiscard]] bool is_running() const { return static_cast<bool>(child_.pidfd); }

  void signal(int number) {
    if (is_running()) ::syscall(SYS_pidfd_send_signal, child_.pidfd.get(), number, nullptr, 0);
  }

  void signal(int number, std::string by) {
    if (!is_running() || wait_on(child_.pidfd.get(), WNOWAIT)) return;
    if (number == SIGTERM && !asked_by_)
      asked_by_ = std::move(by);
    else
      signal_by_ = {number, std::move(by)};
    signal(number);
  }

  void stop(Duration grace, std::string by) {
    if (!note_asked(std::move(by))) return;
    signal_group(SIGTERM);
    const auto due = std::chrono::steady_clock::now() + grace;
    if (grace_timer_.sequence != 0 && grace_timer_.due <= due) return;
    reactor_.cancel(grace_timer_);
    grace_timer_ = reactor_.after(grace, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->signal_group(SIGKILL);
    });
  }

  void kill(std::string by) {
    if (note_asked(std::move(by))) signal_group(SIGKILL);
  }

  void begin_anew() { started_ = std::chrono::steady_clock::now(); }

  void let_go() {
    events_.reset();
    unwatch();
    child_.pidfd.reset();
  }

  /// The holder destroys it: no callback comes any more.
  void abandon() {
    events_.reset();
    if (!is_running()) return;
    signal_group(SIGKILL);
    unwatch();
    reap_later(reactor_, std::move(child_.pidfd));
  }

 private:
  struct Pipe {
    LogLine::Stream stream = LogLine::Stream::out;
    Watch watch;
  };

  UniqueFd& fd_of(const Pipe& pipe) { return &pipe == &out_ ? child_.out : child_.err; }

  /// False when it runs no more: an end that came before the asking was not asked for.
  bool note_asked(std::string by) {
    if (!is_running()) return false;
    if (!wait_on(child_.pidfd.get(), WNOWAIT) && !asked_by_) asked_by_ = std::move(by);
    return true;
  }

  /// The pid names the group for as long as the process is not reaped.
  void signal_group(int number) {
    if (!is_running()) return;
    if (!leads_group_ || ::kill(-child_.pid, number) != 0) signal(number);
  }

  void read(Pipe& pipe, std::size_t most) {
    std::array<char, read_bytes> buffer;
    auto& fd = fd_of(pipe);
    while (most > 0 && fd) {
      const auto count = ::read(fd.get(), buffer.data(), std::min(most, buffer.size()));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) {
        pipe.watch.reset();
        fd.reset();
        return;
      }
      const auto size = static_cast<std::size_t>(count);
      most -= size;
      tell(output_.feed(pipe.stream, {buffer.data(), size}, wall_now(), ChildOutput::Clock::now()));
    }
  }

  /// Reads what is in the pipe now: a grandchild that goes on writing does not delay the end.
  void drain(Pipe& pipe) {
    int waiting = 0;
    if (fd_of(pipe) && ::ioctl(fd_of(pipe).get(), FIONREAD, &waiting) == 0 && waiting > 0)
      read(pipe, static_cast<std::size_t>(waiting));
  }

  void tell(std::vector<LogLine> lines) {
    // Kept for the call: the callback may let go of the process, and with it of itself.
    const auto events = events_;
    if (!lines.empty() && events && events->on_lines) events->on_lines(std::move(lines));
  }

  void on_end() {
    const auto info = wait_on(child_.pidfd.get(), WNOWAIT);
    if (!info) return;
    const auto uptime = std::chrono::steady_clock::now() - started_;
    if (leads_group_) ::kill(-child_.pid, SIGKILL);  // while the zombie still holds its number
    drain(out_);
    drain(err_);
    tell(output_.finish(wall_now()));
    if (!events_) return;  // the holder let go of it in a callback
    auto record = record_of(*info);
    record.uptime_ms = std::chrono::floor<Duration>(uptime).count();
    wait_on(child_.pidfd.get(), 0);
    unwatch();
    child_.pidfd.reset();
    if (const auto events = std::exchange(events_, {}); events->on_exit)
      events->on_exit(std::move(record));
  }

  ExitRecord record_of(const siginfo_t& info) {
    const auto status = status_of(info);
    if (status.how == WaitStatus::How::signaled && status.value == signal_by_.first && !asked_by_)
      asked_by_ = signal_by_.second;
    ExitContext context{name_, asked_by_, false, output_.tail()};
    const bool killed = status.how == WaitStatus::How::signaled && status.value == SIGKILL;
    context.oom_killed = killed && !asked_by_ && events_->oom_killed && events_->oom_killed();
    auto verdict = classify_exit(status, context);
    const bool fault = verdict.signal == "SIGBUS" || verdict.signal == "SIGSEGV";
    if (fault && !asked_by_ && is_cut_short(child_.program)) {
      verdict.kind = CauseKind::exec_wrong_format;
      verdict.message = name_ + " was ended by the signal " + *verdict.signal + ": the file " +
                        child_.program + " is cut short.";
      verdict.remedy = "Copy or build " + child_.program + " again.";
    }
    ExitRecord record;
    record.child = name_;
    record.pid = child_.pid;
    record.kind = verdict.kind;
    record.message = std::move(verdict.message);
    record.code = verdict.code;
    record.signal = std::move(verdict.signal);
    record.by = asked_by_;
    record.at = wall_now();
    record.tail = std::move(context.tail);
    record.remedy = std::move(verdict.remedy);
    return record;
  }

  void unwatch() {
    reactor_.cancel(std::exchange(grace_timer_, {}));
    for (auto* watch : {&pidfd_watch_, &out_.watch, &err_.watch})
      watch->reset();
    child_.out.reset();
    child_.err.reset();
  }

  Reactor& reactor_;
  std::string name_;
  bool leads_group_;
  Child child_;
  std::shared_ptr<const ProcessEvents> events_;  ///< none after the end, or when let go of
  ChildOutput output_;
  Pipe out_{LogLine::Stream::out, {}};
  Pipe err_{LogLine::Stream::err, {}};
  Watch pidfd_watch_;
  TimerId grace_timer_;
  std::optional<std::string> asked_by_;
  std::pair<int, std::string> signal_by_;  ///< the last signal somebody asked for
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

namespace {

ExitRecord never_ran(const std::string& name, const Cause& cause, const std::string& error) {
  ExitRecord record;
  record.child = name;
  record.kind = cause.kind;
  record.message = cause.message;
  record.remedy = cause.remedy;
  if (!error.empty()) record.errno_name = error;
  record.at = wall_now();
  return record;
}

}  // namespace

tl::expected<std::unique_ptr<Process>, ExitRecord> Process::start(Reactor& reactor,
                                                                  std::string name,
                                                                  const SpawnRequest& request,
                                                                  ProcessEvents events) {
  auto child = spawn(request);
  if (!child) return tl::unexpected(never_ran(name, child.error().cause, child.error().errno_name));
  const bool leads_group = request.group != SpawnRequest::Group::inherit;
  auto impl =
      std::make_shared<Impl>(reactor, name, leads_group, std::move(*child), std::move(events));
  std::unique_ptr<Process> process{new Process{impl}};
  if (const auto cause = impl->watch()) return tl::unexpected(never_ran(name, *cause, ""));
  return process;
}

Process::Process(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Process::~Process() {
  impl_->abandon();
}
pid_t Process::pid() const {
  return impl_->pid();
}
const std::string& Process::program() const {
  return impl_->program();
}
bool Process::is_running() const {
  return impl_->is_running();
}
void Process::signal(int number) {
  impl_->signal(number);
}
void Process::signal(int number, std::string by) {
  impl_->signal(number, std::move(by));
}
void Process::stop(Duration grace, std::string by) {
  impl_->stop(grace, std::move(by));
}
void Process::begin_anew() {
  impl_->begin_anew();
}

void Process::let_go() {
  impl_->let_go();
}
void Process::kill(std::string by) {
  impl_->kill(std::move(by));
}

}  // namespace aerie
