// aerie-enter UID GID VM_DIRECTORY GUEST STREAM LOGIN OIDC NETWORK -- COMMAND [ARGUMENT...]
//
// Started as root by the process driver. In a mount namespace of its own it shows the paths at
// /mnt/vm, /mnt/guest, /mnt/stream, /mnt/login and /mnt/oidc, for they may lie where the guest's
// user may not go. It enters the network namespace that it holds as the descriptor NETWORK (`-`:
// the host's), which the guest can't change then; it becomes that user for good and executes the
// command. Exit status 125: a step failed (on standard error), as env(1) has it.

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <string>
#include <string_view>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

[[noreturn]] void fail(const char* step) {
  std::fprintf(stderr, "aerie-enter: %s: %s\n", step, std::strerror(errno));
  std::exit(125);
}

void check(int result, const char* step) {
  if (result != 0) fail(step);
}

/// Shows `source`, a directory or a file, at `target`.
void show(const char* source, const char* target, bool is_directory) {
  if (is_directory) {
    check(::mkdir(target, 0755), target);
  } else {
    const int file = ::open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) fail(target);
    ::close(file);
  }
  check(::mount(source, target, nullptr, MS_BIND, nullptr), source);
}

unsigned number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  errno = EINVAL;
  if (error != std::errc{} || end != text.data() + text.size() || value == 0)
    fail("user, group or network");
  return value;
}

}  // namespace

int main(int count, char** arguments) {
  constexpr int first_of_command = 10;
  errno = EINVAL;
  if (count <= first_of_command || std::string_view{arguments[first_of_command - 1]} != "--")
    fail("usage");
  const uid_t uid = number(arguments[1]);
  const gid_t gid = number(arguments[2]);

  check(::unshare(CLONE_NEWNS), "unshare");
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make mounts private");
  check(::mount("tmpfs", "/mnt", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k"), "/mnt");
  show(arguments[3], "/mnt/vm", true);
  show(arguments[4], "/mnt/guest", false);
  show(arguments[5], "/mnt/stream", false);
  show(arguments[6], "/mnt/login", false);
  show(arguments[7], "/mnt/oidc", false);

  const std::string_view network{arguments[8]};
  if (network != "-") {
    const auto descriptor = static_cast<int>(number(network));
    check(::setns(descriptor, CLONE_NEWNET), "enter the network namespace");
    ::close(descriptor);
  }

  check(::setgroups(0, nullptr), "setgroups");
  check(::setresgid(gid, gid, gid), "setresgid");
  check(::setresuid(uid, uid, uid), "setresuid");
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  ::execvp(arguments[first_of_command], arguments + first_of_command);
  fail(arguments[first_of_command]);
}
