#include <algorithm>
#include <cmath>

#include "actors/node/node.hpp"

// What a new guest needs and this host still has. What refuses names its numbers.

namespace aerie {
namespace {

/// At most one decimal, none where it is whole.
std::string brief(double number) {
  auto text = std::to_string(std::llround(number * 10) / 10);
  const auto tenth = std::llround(number * 10) % 10;
  return tenth == 0 ? text : text + "." + std::to_string(tenth);
}

}  // namespace

Cause Node::quota(std::string message) {
  return {CauseKind::quota,
          std::move(message),
          "End a session, or raise the limit in the configuration's section 'limits'.",
          {}};
}

std::optional<Cause> Node::over_sessions() const {
  const auto limit = environment_->settings.max_sessions;
  if (sessions_.size() < limit) return std::nullopt;  // the common case, at once
  // A session whose guest is gone counts for disk only.
  const auto in_use = std::count_if(sessions_.begin(), sessions_.end(), [&](const auto& entry) {
    const auto vm = vms_.find(entry.second.vm);
    return vm != vms_.end() && !vm->second.is_over;
  });
  if (static_cast<std::size_t>(in_use) < limit) return std::nullopt;
  return quota("All " + std::to_string(limit) + " sessions of limits.sessions are in use.");
}

/// Memory is one for all; of processors each kind of machine has its own share.
std::optional<Cause> Node::over_quota(const Profile& profile, const std::string& driver) const {
  const auto& settings = environment_->settings;
  const auto kind = environment_->kind_of(driver);
  const auto max_cpus = environment_->max_cpus(kind);
  if (auto refusal = over_disk(driver)) return refusal;
  if (settings.max_memory_mib <= 0 && max_cpus <= 0) return std::nullopt;
  std::int64_t memory = profile.resources.memory_mib + environment_->needs_of(driver).memory_mib;
  double cpus = profile.resources.cpus;
  for (const auto& [id, vm] : vms_) {
    if (vm.is_over) continue;
    memory += vm.resources.memory_mib + environment_->needs_of(vm.driver).memory_mib;
    if (environment_->kind_of(vm.driver) == kind) cpus += vm.resources.cpus;
  }
  if (settings.max_memory_mib > 0 && memory > settings.max_memory_mib)
    return quota("This guest would bring the memory in use to " + std::to_string(memory) +
                 " MiB of limits.memoryMiB = " + std::to_string(settings.max_memory_mib) + ".");
  if (max_cpus > 0 && cpus > max_cpus)
    return quota("This guest would bring the processors in use to " + brief(cpus) + " of " +
                 brief(max_cpus) + " that limits.cpuOvercommit allows.");
  return std::nullopt;
}

std::optional<Cause> Node::over_disk(const std::string& driver) const {
  const auto needed = environment_->needs_of(driver).disk_bytes;
  if (!disk_ || needed == 0) return std::nullopt;
  const auto kept = environment_->settings.kept_free(disk_->total_bytes);
  if (disk_->free_bytes >= kept + needed) return std::nullopt;
  const auto mib = [](std::int64_t bytes) { return std::to_string(bytes / (1 << 20)) + " MiB"; };
  return quota("This guest needs " + mib(needed) + " of disk: " + mib(disk_->free_bytes) +
               " are free beneath the state directory, and retention.minFreeBytes keeps " +
               mib(kept) + ".");
}

}  // namespace aerie
