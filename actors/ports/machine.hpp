#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/interfaces.hpp"
#include "messages/link.hpp"
#include "messages/session.hpp"

namespace aerie {

/// What a driver must know to make a machine.
struct MachineSpec {
  std::string vm;
  int slot = 0;  ///< unique among the machines of this host; user id and the like derive from it
  std::string address;
  link::Configure configure;    ///< sent to the guest once it has proved who it is
  std::uint64_t oom_kills = 0;  ///< of an adopted guest: those its events tell of
};

/// Whom a machine tells. Called on any thread; must only post.
class MachineReports {
 public:
  virtual ~MachineReports() = default;

  /// The guest's first process runs. `pid` is the host's.
  virtual void on_started(std::int64_t pid) = 0;
  /// Its console shows how far it has come: `kernel`, `userland`.
  virtual void on_reached(Stage stage) = 0;
  /// The guest has proved who it is; `configure` was sent.
  virtual void on_linked() = 0;
  /// The start failed; what had been acquired stays until it is released.
  virtual void on_failed(Cause cause) = 0;
  /// A validated message of the guest; pids are the host's where they could be told.
  virtual void on_says(link::GuestMessage message) = 0;
  virtual void on_link_lost(Cause cause) = 0;
  /// The guest's first process was seen to end, by pidfd. Once, and the last word but releases.
  virtual void on_exited(ExitRecord exit) = 0;
  virtual void on_released(Resource resource, std::optional<Cause> failure) = 0;
  /// Media did not flow, and the guest's network is why; none: it flows again.
  virtual void on_network(std::optional<Cause> failure) = 0;
  /// The answer to `Machine::pause`, once for each.
  virtual void on_paused(bool is_paused, std::optional<Cause> failure) = 0;
};

/// One guest's machine. Every function returns at once; outcomes come as reports.
class Machine {
 public:
  virtual ~Machine() = default;

  /// What `start` acquires, in that order; ids empty. Written to the ledger before `start`.
  [[nodiscard]] virtual std::vector<Resource> resources() const = 0;
  virtual void start() = 0;
  /// In place of `start`: takes over what an earlier controller started. Reports `on_started` and
  /// `on_linked`, or `on_failed` (`controller-restarted`) where nothing runs any more.
  virtual void adopt() = 0;
  virtual void send(const link::HostMessage& message) = 0;
  /// Halts the guest's processors, or lets them go on: `on_paused` tells. May come before it runs;
  /// then it is done as soon as it does.
  virtual void pause(bool is_paused) = 0;
  /// Kills the guest with everything in it.
  virtual void kill(const std::string& by) = 0;
  /// Gives one resource back; after the guest's end only.
  virtual void release(const Resource& resource) = 0;
};

/// What a guest's machine is to the host: quotas and deadlines go by it.
enum class MachineKind { process, vm };

/// What each guest takes of this host beyond its profile's share.
struct MachineNeeds {
  std::int64_t memory_mib = 0;  ///< the VMM's own
  std::int64_t disk_bytes = 0;  ///< below the state directory, at least
};

/// Makes machines of one kind: `process`, `qemu`, `firecracker`.
class Driver {
 public:
  virtual ~Driver() = default;
  [[nodiscard]] virtual MachineKind kind() const { return MachineKind::process; }
  [[nodiscard]] virtual MachineNeeds needs() const { return {}; }
  [[nodiscard]] virtual std::unique_ptr<Machine> make(MachineSpec spec,
                                                      std::shared_ptr<MachineReports> reports) = 0;

  /// Looks for all there is of this driver's guests of this state directory, whoever made them.
  /// Returns at once; `found` is called on any thread and must only post. `session` stays empty.
  virtual void survey(std::function<void(std::vector<Orphan> machines)> found) = 0;
};

}  // namespace aerie
