#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace aerie {

using Json = nlohmann::json;

/// Why something is, or ended, as it did: the closed list of the contract's section 7.
enum class CauseKind {
  clean,
  exit_code,
  signal,
  killed,
  oom_kill,
  illegal_instruction,
  exec_not_found,
  exec_not_executable,
  exec_wrong_format,
  interpreter_missing,
  loader_missing,
  library_missing,
  symbol_missing,
  environment_missing,
  root_missing,
  sandbox_failed,
  port_in_use,
  not_ready,
  hung,
  crash_loop,
  plugin_missing,
  kernel_not_elf,
  kernel_panic,
  driver_missing,
  memory_too_small,
  image_corrupt,
  vmm_missing,
  vmm_failed,
  vmm_exited,
  link_timeout,
  link_lost,
  link_violation,
  network_failed,
  address_in_use,
  disk_full,
  store_failed,
  quota,
  deadline,
  controller_restarted,
  requested,
};

/// The kind's name outside, `exec-not-found` for `CauseKind::exec_not_found`.
[[nodiscard]] std::string_view to_string(CauseKind kind);
[[nodiscard]] std::optional<CauseKind> cause_kind(std::string_view name);

/// True for faults that no restart can mend: they are given up at once, with the remedy.
[[nodiscard]] bool is_permanent(CauseKind kind);

/// A cause or an error: what it is, one sentence that names the thing, one that says what to do.
struct Cause {
  CauseKind kind = CauseKind::clean;
  std::string message;
  std::string remedy;
  std::vector<std::string> evidence;

  friend bool operator==(const Cause&, const Cause&) = default;
};

void to_json(Json& json, const Cause& cause);
void from_json(const Json& json, Cause& cause);

/// A value, or why there is none.
template <class T>
using Result = tl::expected<T, Cause>;

}  // namespace aerie
