#include "guest/hardening.hpp"

#include <cstdint>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"

namespace aerie::guest {
namespace {

/// `struct landlock_ruleset_attr` with the field that Debian 12's headers do not have yet.
struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};
constexpr std::uint64_t scope_abstract_unix_socket = 1;

}  // namespace

void harden() {
  ::prctl(PR_SET_DUMPABLE, 0);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
}

bool forbid_foreign_abstract_sockets() {
  RulesetAttributes attributes;
  attributes.scoped = scope_abstract_unix_socket;
  const UniqueFd ruleset{
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0))};
  return ruleset && ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0;
}

}  // namespace aerie::guest
