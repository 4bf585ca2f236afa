#include "guest/login/tool.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/process/exec_diagnosis.hpp"

namespace aerie::login {
namespace {

constexpr std::size_t most_reads = 64;  // in one go, so that a flood leaves others their turn

Cause no_terminal(const std::string& step) {
  return {
      CauseKind::sandbox_failed,
      "The log-in tool could not be given a terminal: " + step + ": " + std::strerror(errno) + ".",
      "Mount devpts at /dev/pts in the guest.",
      {}};
}

std::string value_of(const std::vector<std::pair<std::string, std::string>>& env,
                     std::string_view name) {
  for (const auto& [each, value] : env)
    if (each == name) return value;
  return {};
}

/// Arguments or variables as execve(2) takes them.
class Strings {
 public:
  void add(std::string text) { texts_.push_back(std::move(text)); }
  [[nodiscard]] char** data() {
    pointers_.clear();
    for (auto& text : texts_)
      pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
    return pointers_.data();
  }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

/// What posix_spawn(3) is to do besides; released at the end.
struct SpawnPlan {
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

}  // namespace

Tool::Tool(Reactor& reactor, Events events) : reactor_(reactor), events_(std::move(events)) {}

Tool::~Tool() {
  if (pid_ < 0) return;
  // All of its session that is in its group; the terminal's end hangs up on the rest.
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) {
  }
}

Result<std::unique_ptr<Tool>> Tool::start(Reactor& reactor, const ToolRequest& request,
                                          Events events) {
  std::unique_ptr<Tool> tool{new Tool{reactor, std::move(events)}};
  if (auto spawned = tool->spawn(request); !spawned) return tl::unexpected(spawned.error());
  if (auto watched = tool->watch(); !watched) return tl::unexpected(watched.error());
  return tool;
}

/// Our end is kept; the tool's is returned, or is the `terminal` that it opens by its name, which
/// makes it its controlling one (it leads a new session by then).
Result<UniqueFd> Tool::open_channel(const ToolRequest& request, std::string& terminal) {
  if (!request.tty) {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return tl::unexpected(no_terminal("pipe2"));
    channel_.reset(ends[0]);
    return UniqueFd{ends[1]};
  }
  channel_.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!channel_) return tl::unexpected(no_terminal("posix_openpt"));
  if (::grantpt(channel_.get()) != 0) return tl::unexpected(no_terminal("grantpt"));
  if (::unlockpt(channel_.get()) != 0) return tl::unexpected(no_terminal("unlockpt"));
  std::array<char, 128> name{};
  if (::ptsname_r(channel_.get(), name.data(), name.size()) != 0)
    return tl::unexpected(no_terminal("ptsname_r"));
  winsize size{};
  size.ws_row = static_cast<unsigned short>(request.rows);
  size.ws_col = static_cast<unsigned short>(request.columns);
  if (::ioctl(channel_.get(), TIOCSWINSZ, &size) != 0)
    return tl::unexpected(no_terminal("TIOCSWINSZ"));
  terminal = name.data();
  return UniqueFd{};
}

Result<void> Tool::spawn(const ToolRequest& request) {
  auto program = find_program(request.argv.front(), value_of(request.env, "PATH"));
  if (!program) return tl::unexpected(program.error());
  std::string terminal;
  auto far = open_channel(request, terminal);
  if (!far) return tl::unexpected(far.error());
  ::fcntl(channel_.get(), F_SETFL, O_NONBLOCK);

  SpawnPlan plan;
  const auto* input = request.tty ? terminal.c_str() : "/dev/null";
  posix_spawn_file_actions_addopen(&plan.actions, STDIN_FILENO, input, O_RDWR, 0);
  const int output = request.tty ? STDIN_FILENO : far->get();
  posix_spawn_file_actions_adddup2(&plan.actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&plan.actions, output, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&plan.actions, STDERR_FILENO + 1);
  Strings arguments;
  for (const auto& argument : request.argv)
    arguments.add(argument);
  Strings variables;
  for (const auto& [name, value] : request.env)
    variables.add(name + "=" + value);
  const int failure = ::posix_spawn(&pid_, program->c_str(), &plan.actions, &plan.attributes,
                                    arguments.data(), variables.data());
  if (failure == 0) return {};
  pid_ = -1;
  return tl::unexpected(diagnose_exec(*program, failure));
}

Result<void> Tool::watch() {
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0U)));
  if (!pidfd_) return tl::unexpected(no_terminal("pidfd_open"));
  auto channel = reactor_.watch(channel_.get(), EPOLLIN, [this](std::uint32_t) { read(); });
  if (!channel) return tl::unexpected(channel.error());
  channel_watch_ = std::move(*channel);
  auto end = reactor_.watch(pidfd_.get(), EPOLLIN, [this](std::uint32_t) { on_end(); });
  if (!end) return tl::unexpected(end.error());
  pidfd_watch_ = std::move(*end);
  return {};
}

void Tool::read() {
  std::array<char, 4096> buffer;
  const std::weak_ptr<bool> alive{alive_};
  for (std::size_t i = 0; i < most_reads; ++i) {
    const auto count = ::read(channel_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    // EIO: nobody has the terminal open any more; its process's end is told by the pidfd.
    if (count <= 0) return channel_watch_.reset();
    events_.on_output({buffer.data(), static_cast<std::size_t>(count)});
    if (alive.expired()) return;
  }
}

void Tool::on_end() {
  siginfo_t info{};
  const auto id = static_cast<id_t>(pidfd_.get());
  if (::waitid(P_PIDFD, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
  pidfd_watch_.reset();
  // While its zombie still holds the number, the group is its.
  ::kill(-pid_, SIGKILL);
  const std::weak_ptr<bool> alive{alive_};
  if (channel_watch_) read();
  if (alive.expired()) return;
  channel_watch_.reset();
  ::waitid(P_PIDFD, id, &info, WEXITED);
  pid_ = -1;
  const auto tell = std::move(events_.on_exit);
  tell({info.si_code == CLD_EXITED ? WaitStatus::How::exited : WaitStatus::How::signaled,
        info.si_status});
}

void Tool::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(channel_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;  // a tool that does not read has no use for answers
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace aerie::login
