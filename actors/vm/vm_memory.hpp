#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/ports/machine.hpp"
#include "messages/session.hpp"

namespace aerie {

/// What a VM actor needs to go on with a guest that an earlier controller started. Neither the
/// link's secret nor the session's environment or address is in it.
struct VmMemory {
  MachineSpec spec;
  SharedValue<VmDocument> document;
  std::vector<Stage> stages;
  std::set<std::string> ready;  ///< children
  std::optional<std::string> stopped_by;
  bool has_started = false;
  bool has_exited = false;

  // Not of the memory itself, but of the store:
  std::vector<Resource> resources;  ///< still held, in order of acquisition
  /// Exits that are written down: child and `exit_key`. A guest tells its last ones again.
  std::set<std::pair<std::string, std::string>> known_exits;
};

/// What tells the exits of one child apart.
[[nodiscard]] std::string exit_key(const std::string& at, std::int64_t restarts);

[[nodiscard]] Json stored_vm(const VmMemory& memory);

/// Errors: `store-failed` naming the VM.
[[nodiscard]] Result<VmMemory> restored_vm(const std::string& id, const Json& json);

}  // namespace aerie
