#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/core/roster.hpp"
#include "actors/ports/credential_store.hpp"
#include "actors/ports/log_store.hpp"
#include "actors/ports/machine.hpp"
#include "actors/ports/stream_meter.hpp"
#include "actors/ports/tombstone_store.hpp"
#include "messages/interfaces.hpp"

namespace aerie {

/// Where actors find those that are there once. A supervisor that restarts one puts the new handle
/// here, so nobody keeps a dead one. Thread-safe.
class Directory {
 public:
  void put(LedgerActor ledger) { set(ledger_, std::move(ledger)); }
  void put(ReaperActor reaper) { set(reaper_, std::move(reaper)); }
  void put(NodeActor node) { set(node_, std::move(node)); }
  void put(GatewayActor gateway) { set(gateway_, std::move(gateway)); }
  void put(ConsoleActor console) { set(console_, std::move(console)); }

  [[nodiscard]] LedgerActor ledger() const { return get(ledger_); }
  [[nodiscard]] ReaperActor reaper() const { return get(reaper_); }
  [[nodiscard]] NodeActor node() const { return get(node_); }
  [[nodiscard]] GatewayActor gateway() const { return get(gateway_); }
  [[nodiscard]] ConsoleActor console() const { return get(console_); }

  /// Lets go of all handles; the actor system can't end before.
  void clear() {
    const std::lock_guard lock{mutex_};
    ledger_ = nullptr;
    reaper_ = nullptr;
    node_ = nullptr;
    gateway_ = nullptr;
    console_ = nullptr;
  }

 private:
  template <class Handle>
  void set(Handle& slot, Handle handle) {
    const std::lock_guard lock{mutex_};
    slot = std::move(handle);
  }
  template <class Handle>
  Handle get(const Handle& slot) const {
    const std::lock_guard lock{mutex_};
    return slot;
  }

  mutable std::mutex mutex_;
  LedgerActor ledger_;
  ReaperActor reaper_;
  NodeActor node_;
  GatewayActor gateway_;
  ConsoleActor console_;
};

/// How many warm guests to keep of a profile under a driver.
struct PoolEntry {
  std::string profile;
  std::string driver;
  std::size_t size = 0;
};

/// The configuration as far as actors act on it.
struct ActorSettings {
  Duration retire_ask{30'000};
  Duration resume{60'000};
  Duration answer_within{15'000};
  Duration start_within{60'000};      ///< a session's `starting`
  Duration vm_start_within{180'000};  ///< the same where its guest is a virtual machine
  Duration spawn_within{10'000};      ///< a VM's `preparing` and `booting`
  Duration link_within{10'000};       ///< a VM's `linking`
  Duration vm_link_within{60'000};    ///< the same of a virtual machine, which boots a kernel first
  Duration orphan_after{21'600'000};
  /// A credential that nobody fetches keeps its session from being retired so long.
  Duration keep_credential{600'000};
  Duration failed_retention{1'800'000};     ///< a failed session's guest keeps its files so long
  Duration quarantine{60'000};              ///< before what nobody owns is removed
  std::int64_t min_free_bytes = 512 << 20;  ///< of the state directory's file system
  Duration keep_tombstones{604'800'000};
  std::int64_t max_tombstones_bytes = 10LL * 1024 * 1024 * 1024;
  std::size_t max_sessions = 64;
  std::size_t max_viewers = 20;
  std::size_t max_sockets_per_session = 32;
  std::int64_t max_memory_mib = 0;  ///< 0: not limited
  double max_cpus = 0;              ///< of all process guests' profiles together; 0: not limited
  double max_vm_cpus = 0;           ///< the same of virtual machines
  std::string network_pool = "10.77.0.0/16";
  Json ice_servers = Json::array();
  std::int64_t file_bytes = 0;  ///< the largest file to or from a guest; 0: none
  std::vector<PoolEntry> pool;

  /// What is to stay free of a file system of that size: of a small one a twentieth.
  [[nodiscard]] std::int64_t kept_free(std::int64_t total_bytes) const {
    return std::min(min_free_bytes, total_bytes / 20);
  }
};

/// What all actors of one controller stand on.
struct Environment {
  ActorSettings settings;
  std::map<std::string, SharedValue<Profile>> profiles;
  std::map<std::string, SharedValue<Provider>> providers;  ///< by name, and by each alias
  std::map<std::string, std::shared_ptr<Driver>> drivers;
  std::shared_ptr<LogStore> logs;
  std::shared_ptr<TombstoneStore> tombstones;
  std::shared_ptr<CredentialStore> vault;     ///< null in tests that need none
  std::shared_ptr<StreamMeter> stream_meter;  ///< null in tests that need none
  std::shared_ptr<Roster> roster;  ///< of this controller's actors; null in tests that need none
  std::function<Instant()> wall;   ///< civil time
  std::function<std::string()> new_id;                    ///< a lower-case UUID
  std::function<std::string()> new_token;                 ///< 256 random bits
  std::function<std::string(const std::string&)> digest;  ///< SHA-256, hexadecimal
  std::string operator_digest;                            ///< of the operator's token
  std::string observer_digest;
  Directory directory;

  [[nodiscard]] MachineKind kind_of(const std::string& driver) const {
    const auto found = drivers.find(driver);
    const bool is_known = found != drivers.end() && found->second;
    return is_known ? found->second->kind() : MachineKind::process;
  }
  [[nodiscard]] MachineNeeds needs_of(const std::string& driver) const {
    const auto found = drivers.find(driver);
    const bool is_known = found != drivers.end() && found->second;
    return is_known ? found->second->needs() : MachineNeeds{};
  }
  [[nodiscard]] Duration start_within(const std::string& driver) const {
    return kind_of(driver) == MachineKind::vm ? settings.vm_start_within : settings.start_within;
  }
  [[nodiscard]] Duration link_within(const std::string& driver) const {
    return kind_of(driver) == MachineKind::vm ? settings.vm_link_within : settings.link_within;
  }
  [[nodiscard]] double max_cpus(MachineKind kind) const {
    return kind == MachineKind::vm ? settings.max_vm_cpus : settings.max_cpus;
  }
};

using EnvironmentPtr = std::shared_ptr<Environment>;

}  // namespace aerie
