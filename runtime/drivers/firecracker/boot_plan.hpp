#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/drivers/firecracker/api_client.hpp"
#include "runtime/drivers/firecracker/api_requests.hpp"

namespace aerie::firecracker {

/// One request of a plan.
struct Step {
  ApiRequest request;
  bool even_after_failure = false;  ///< sent although one before it failed
};

/// Requests in the order that Firecracker's states demand.
using Plan = std::vector<Step>;

/// Everything that a machine is, before its start.
struct BootSettings {
  std::string log;  ///< files that are there; empty: none
  std::string metrics;
  MachineConfiguration machine;
  BootSource source;
  std::vector<Drive> drives;
  std::vector<NetworkInterface> interfaces;
  std::optional<Vsock> vsock;
  bool has_entropy_device = true;
  std::optional<MetadataService> metadata_service;
  Json metadata;  ///< null: none
};

/// Logger and metrics first, so that they see all else; interfaces before the metadata service
/// that names them; the start once and last, for everything before it is refused afterwards.
[[nodiscard]] Plan boot_plan(const BootSettings& settings);

/// Pauses, saves and goes on, also where saving failed. The files' memory is the guest's: secrets
/// too.
[[nodiscard]] Plan save_plan(const SnapshotFiles& files, SnapshotKind kind);

struct RestoreSettings {
  std::string log;
  std::string metrics;
  SnapshotLoad load;
  Json metadata;  ///< null: none; a snapshot has none of it
  /// By drive: what takes the place of the snapshot's own.
  std::map<std::string, RateLimiter> limiters;
};

/// A fresh process, logger and metrics, the load and nothing else before it: the devices come out
/// of the snapshot. Then new metadata, while it is paused, and on it goes. What two guests of one
/// snapshot share (secret, clock, randomness) is mended by the `birth` that the link sends next.
[[nodiscard]] Plan restore_plan(const RestoreSettings& settings);

/// Whether a snapshot can still be loaded after this request.
[[nodiscard]] bool may_precede_load(const ApiRequest& request);

/// Sends a plan's requests one after the other; `done` comes once, with the first failure. The
/// client must outlive the run, or end it.
void run(ApiClient& client, Plan plan, std::function<void(Result<void> outcome)> done);

}  // namespace aerie::firecracker
