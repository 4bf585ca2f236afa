#include "messages/cause.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace aerie {
namespace {

using enum CauseKind;

/// The one table of kinds and their names, in the order of the enumeration.
constexpr std::array names{
    std::pair{clean, "clean"},
    std::pair{exit_code, "exit-code"},
    std::pair{CauseKind::signal, "signal"},
    std::pair{killed, "killed"},
    std::pair{oom_kill, "oom-kill"},
    std::pair{illegal_instruction, "illegal-instruction"},
    std::pair{exec_not_found, "exec-not-found"},
    std::pair{exec_not_executable, "exec-not-executable"},
    std::pair{exec_wrong_format, "exec-wrong-format"},
    std::pair{interpreter_missing, "interpreter-missing"},
    std::pair{loader_missing, "loader-missing"},
    std::pair{library_missing, "library-missing"},
    std::pair{symbol_missing, "symbol-missing"},
    std::pair{environment_missing, "environment-missing"},
    std::pair{root_missing, "root-missing"},
    std::pair{sandbox_failed, "sandbox-failed"},
    std::pair{port_in_use, "port-in-use"},
    std::pair{not_ready, "not-ready"},
    std::pair{hung, "hung"},
    std::pair{crash_loop, "crash-loop"},
    std::pair{plugin_missing, "plugin-missing"},
    std::pair{kernel_not_elf, "kernel-not-elf"},
    std::pair{kernel_panic, "kernel-panic"},
    std::pair{driver_missing, "driver-missing"},
    std::pair{memory_too_small, "memory-too-small"},
    std::pair{image_corrupt, "image-corrupt"},
    std::pair{vmm_missing, "vmm-missing"},
    std::pair{vmm_failed, "vmm-failed"},
    std::pair{vmm_exited, "vmm-exited"},
    std::pair{link_timeout, "link-timeout"},
    std::pair{link_lost, "link-lost"},
    std::pair{link_violation, "link-violation"},
    std::pair{network_failed, "network-failed"},
    std::pair{address_in_use, "address-in-use"},
    std::pair{disk_full, "disk-full"},
    std::pair{store_failed, "store-failed"},
    std::pair{quota, "quota"},
    std::pair{deadline, "deadline"},
    std::pair{controller_restarted, "controller-restarted"},
    std::pair{requested, "requested"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (static_cast<std::size_t>(names[i].first) != i) return false;
  return true;
}
static_assert(in_order(), "to_string indexes the table by the enumeration");

}  // namespace

std::string_view to_string(CauseKind kind) {
  return names.at(static_cast<std::size_t>(kind)).second;
}

std::optional<CauseKind> cause_kind(std::string_view name) {
  const auto* found = std::find_if(names.begin(), names.end(),
                                   [&](const auto& pair) { return pair.second == name; });
  if (found == names.end()) return std::nullopt;
  return found->first;
}

bool is_permanent(CauseKind kind) {
  switch (kind) {
    case exec_not_found:
    case exec_not_executable:
    case exec_wrong_format:
    case interpreter_missing:
    case loader_missing:
    case library_missing:
    case symbol_missing:
    case environment_missing:
    case root_missing:
    case sandbox_failed:
    case plugin_missing:
    case kernel_not_elf:
    case driver_missing:
    case memory_too_small:
    case image_corrupt:
    case vmm_missing:
      return true;
    default:
      return false;
  }
}

void to_json(Json& json, const Cause& cause) {
  json = Json{{"kind", to_string(cause.kind)},
              {"message", cause.message},
              {"remedy", cause.remedy},
              {"evidence", cause.evidence}};
}

void from_json(const Json& json, Cause& cause) {
  const auto kind = cause_kind(json.at("kind").get<std::string>());
  if (!kind) throw Json::other_error::create(501, "unknown cause kind", &json);
  cause.kind = *kind;
  cause.message = json.value("message", "");
  cause.remedy = json.value("remedy", "");
  cause.evidence = json.value("evidence", std::vector<std::string>{});
}

}  // namespace aerie
