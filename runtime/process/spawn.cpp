#include "runtime/process/spawn.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/process/exec_diagnosis.hpp"
#include "runtime/process/exit_verdict.hpp"

namespace aerie {
namespace {

enum class Step : int { descriptors, cgroup, oom_score, group, identity, directory, exec };

/// What the child says through the close-on-exec pipe when a step fails.
struct Report {
  Step step = Step::exec;
  int error = 0;
};

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

/// All that the child needs, prepared before it exists: until its exec it shares our memory and
/// must not allocate, as another thread may hold the allocator's lock (signal-safety(7)).
struct Plan {
  std::string program;
  std::vector<char*> argv;
  std::vector<std::string> env_lines;
  std::vector<char*> env;
  std::vector<SpawnRequest::PassedFd> fds;  // all of them, 0 to 2 included
  int lowest_free = 3;                      // above every target
  std::string oom_score;
  const SpawnRequest* request = nullptr;
  int report_fd = -1;
};

tl::unexpected<SpawnFailure> failed(const char* what, int error) {
  return tl::unexpected(
      SpawnFailure{{CauseKind::quota,
                    std::string{"No process could be started: "} + what + " failed with " +
                        errno_name(error) + " (" + std::strerror(error) + ").",
                    "Free processes, descriptors or memory of this machine, or raise its limits.",
                    {}},
                   errno_name(error)});
}

bool make_pipe(Pipe& pipe) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  pipe.reader.reset(ends[0]);
  pipe.writer.reset(ends[1]);
  return true;
}

// -- the child's side: system calls only
// ------------------------------------------------------------

[[noreturn]] void give_up(int report_fd, Step step) {
  const Report report{step, errno};
  [[maybe_unused]] const auto written = ::write(report_fd, &report, sizeof report);
  ::_exit(127);
}

bool write_file(const char* path, const char* text, std::size_t size) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text, size) == static_cast<ssize_t>(size);
  const int error = errno;
  ::close(fd);
  errno = error;
  return written;
}

/// Moves every descriptor out of the targets' range first, as one's source may be another's target.
bool place_descriptors(Plan& plan) {
  // What some library left open must not leak, whatever its flags.
  ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  for (auto& fd : plan.fds) {
    fd.from = ::fcntl(fd.from, F_DUPFD_CLOEXEC, plan.lowest_free);
    if (fd.from < 0) return false;
  }
  return std::all_of(plan.fds.begin(), plan.fds.end(),
                     [](const auto& fd) { return ::dup2(fd.from, fd.to) >= 0; });
}

void reset_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number)
    ::sigaction(number, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// By bare system calls: the C library's functions would look for our parent's threads.
bool drop_identity(const SpawnRequest::Identity& identity) {
  return ::syscall(SYS_setgroups, 0, nullptr) == 0 &&
         ::syscall(SYS_setresgid, identity.gid, identity.gid, identity.gid) == 0 &&
         ::syscall(SYS_setresuid, identity.uid, identity.uid, identity.uid) == 0;
}

int run_child(void* argument) {
  auto& plan = *static_cast<Plan*>(argument);
  const auto& request = *plan.request;
  const int report_fd = ::fcntl(plan.report_fd, F_DUPFD_CLOEXEC, plan.lowest_free);
  if (report_fd < 0) ::_exit(127);
  if (!place_descriptors(plan)) give_up(report_fd, Step::descriptors);
  for (const auto& path : request.cgroup_procs)
    if (!write_file(path.c_str(), "0", 1)) give_up(report_fd, Step::cgroup);
  if (!plan.oom_score.empty() &&
      !write_file("/proc/self/oom_score_adj", plan.oom_score.c_str(), plan.oom_score.size()))
    give_up(report_fd, Step::oom_score);
  if (request.group == SpawnRequest::Group::session && ::setsid() < 0)
    give_up(report_fd, Step::group);
  if (request.group == SpawnRequest::Group::process_group && ::setpgid(0, 0) != 0)
    give_up(report_fd, Step::group);
  if (request.identity && !drop_identity(*request.identity)) give_up(report_fd, Step::identity);
  if (!request.cwd.empty() && ::chdir(request.cwd.c_str()) != 0)
    give_up(report_fd, Step::directory);
  // After the identity, whose change clears it.
  if (request.parent_death_signal) ::prctl(PR_SET_PDEATHSIG, *request.parent_death_signal);
  reset_signals();
  ::execve(plan.program.c_str(), plan.argv.data(), plan.env.data());
  give_up(report_fd, Step::exec);
}

// -- the parent's side ----------------------------------------------------------------------------

std::string variable(const SpawnRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.env)
    if (key == name) return value;
  return {};
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const auto& part : parts)
    text += (text.empty() ? "" : ", ") + part;
  return text;
}

Cause step_cause(const Plan& plan, const Report& report) {
  const auto& request = *plan.request;
  const auto why = " (" + errno_name(report.error) + ").";
  const auto cause = [&](std::string what, std::string remedy) {
    return Cause{CauseKind::sandbox_failed,
                 plan.program + " was not started: " + what + why,
                 std::move(remedy),
                 {}};
  };
  switch (report.step) {
    case Step::descriptors:
      return cause("its descriptors could not be passed on", "Raise the limit of open files.");
    case Step::cgroup:
      return cause("it could not join the cgroup " + joined(request.cgroup_procs),
                   "Let the controller's user write there, or switch cgroups off.");
    case Step::oom_score:
      return cause("its oom_score_adj could not be set to " + plan.oom_score,
                   "Lowering it needs CAP_SYS_RESOURCE.");
    case Step::group:
      return cause("no session or process group could be made for it", "Report this with doctor.");
    case Step::identity:
      return cause("the user could not be changed to " + std::to_string(request.identity->uid),
                   "Run the controller as root, or without a separate user for guests.");
    case Step::directory:
      return cause("its working directory " + request.cwd + " could not be entered",
                   "Create the directory, or let the guest's user enter it.");
    case Step::exec:
      break;
  }
  const bool relative = !plan.program.starts_with('/') && !request.cwd.empty();
  return diagnose_exec(relative ? request.cwd + "/" + plan.program : plan.program, report.error);
}

Result<Plan> make_plan(const SpawnRequest& request, int null_fd, int out, int err) {
  if (request.argv.empty() || request.argv.front().empty())
    return tl::unexpected(Cause{
        CauseKind::exec_not_found, "The command is empty.", "Name a program in the command.", {}});
  auto program = find_program(request.argv.front(), variable(request, "PATH"));
  if (!program) return tl::unexpected(program.error());
  Plan plan;
  plan.request = &request;
  plan.program = std::move(*program);
  for (const auto& argument : request.argv)
    plan.argv.push_back(const_cast<char*>(argument.c_str()));  // execve(2) does not write to it
  plan.argv.push_back(nullptr);
  for (const auto& [key, value] : request.env)
    plan.env_lines.push_back(key + "=" + value);
  for (auto& line : plan.env_lines)
    plan.env.push_back(line.data());
  plan.env.push_back(nullptr);
  plan.fds = {{null_fd, 0}, {out, 1}, {err, 2}};
  plan.fds.insert(plan.fds.end(), request.fds.begin(), request.fds.end());
  for (const auto& fd : plan.fds)
    plan.lowest_free = std::max(plan.lowest_free, fd.to + 1);
  if (request.oom_score_adj) plan.oom_score = std::to_string(*request.oom_score_adj);
  return plan;
}

/// Reads until the pipe closes, which exec does.
Report read_report(int fd) {
  Report report;
  ssize_t count = 0;
  do
    count = ::read(fd, &report, sizeof report);
  while (count < 0 && errno == EINTR);
  return count == static_cast<ssize_t>(sizeof report) ? report : Report{};
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

/// Starts the child with all signals blocked, so that no handler of ours runs in it. As
/// posix_spawn(3) does it runs in our memory, and this thread stands still until its exec, so that
/// nothing has to be copied; but memory is not shared with another user.
pid_t start_child(Plan& plan, UniqueFd& pidfd) {
  constexpr std::size_t stack_bytes = 64 * 1024;
  const int sharing = plan.request->identity ? 0 : CLONE_VM | CLONE_VFORK;
  const auto stack =
      std::make_unique_for_overwrite<std::max_align_t[]>(stack_bytes / sizeof(std::max_align_t));
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int fd = -1;
  const auto pid = ::clone(run_child, stack.get() + stack_bytes / sizeof(std::max_align_t),
                           sharing | CLONE_PIDFD | SIGCHLD, &plan, &fd);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid >= 0) pidfd.reset(fd);
  errno = error;
  return pid;
}

}  // namespace

tl::expected<Child, SpawnFailure> spawn(const SpawnRequest& request) {
  Pipe out;
  Pipe err;
  Pipe report_pipe;
  if (!make_pipe(out) || !make_pipe(err) || !make_pipe(report_pipe)) return failed("pipe2", errno);
  const UniqueFd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  if (!null) return failed("opening /dev/null", errno);
  auto plan = make_plan(request, null.get(), out.writer.get(), err.writer.get());
  if (!plan) {
    const bool absent = plan.error().kind == CauseKind::exec_not_found;
    return tl::unexpected(SpawnFailure{plan.error(), absent ? "ENOENT" : "EACCES"});
  }

  plan->report_fd = report_pipe.writer.get();
  UniqueFd pidfd;
  const auto pid = start_child(*plan, pidfd);
  if (pid < 0) return failed("clone", errno);
  report_pipe.writer.reset();
  const auto report = read_report(report_pipe.reader.get());
  if (report.error != 0) {
    reap(pid);
    return tl::unexpected(SpawnFailure{step_cause(*plan, report), errno_name(report.error)});
  }
  for (const int fd : {out.reader.get(), err.reader.get()})
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return Child{pid, std::move(plan->program), std::move(pidfd), std::move(out.reader),
               std::move(err.reader)};
}

}  // namespace aerie
