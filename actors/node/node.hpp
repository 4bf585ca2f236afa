#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/core/actor.hpp"
#include "actors/core/environment.hpp"
#include "actors/node/address_pool.hpp"
#include "actors/ports/store.hpp"
#include "messages/interfaces.hpp"

namespace aerie {

/// The node actor.
/// Job: starts sessions and VMs on this host within the quotas, keeps the warm pool filled.
/// Owns: the session and VM actors, slots and addresses, warm guests until they are someone's.
/// Sends: the ledger new sessions; the reaper proposals when it drains.
/// Ends: with its supervisor, and its children with it.
class Node : public Actor<NodeActor> {
 public:
  /// `contents`: what the store held; the guests and sessions remembered there are adopted.
  Node(caf::actor_config& config, EnvironmentPtr environment, AddressPool addresses,
       std::shared_ptr<const StoreContents> contents = nullptr);

  Behavior make_behavior() override;

 protected:
  [[nodiscard]] Json describe() const override;

 private:
  struct VmEntry {
    VmActor actor;
    int slot = 0;
    std::string session;  ///< empty: of the warm pool
    std::string profile;
    std::string driver;
    Resources resources;
    bool is_warm = false;  ///< every child ready, nobody's yet
    Instant warm_since{};
    bool is_going = false;
    bool is_over = false;      ///< its guest runs no more
    bool is_salvaged = false;  ///< its first actor failed, or nobody owned it
  };
  struct SessionEntry {
    SessionActor actor;
    SessionRequest request;
    SharedValue<Profile> profile;  ///< as it was then
    bool is_env_lost = false;      ///< it had variables, under an earlier controller
    std::string vm;
  };

  // node_adoption.cpp: what an earlier controller left
  void adopt(const StoreContents& contents);
  void adopt_vm(const std::string& id, const Json& memory, const StoreContents& contents);
  void adopt_session(const std::string& id, const StoreContents& contents);
  void begin_adopted();
  void collect_orphans(const StoreContents& contents);

  // node_admission.cpp: what fits this host
  [[nodiscard]] static Cause quota(std::string message);
  [[nodiscard]] std::optional<Cause> over_sessions() const;
  [[nodiscard]] std::optional<Cause> over_quota(const Profile& profile,
                                                const std::string& driver) const;
  [[nodiscard]] std::optional<Cause> over_disk(const std::string& driver) const;

  // node_orphans.cpp: what has lost its owner
  void on_vm_lost(const std::string& id, const caf::error& reason);
  void on_session_lost(const std::string& id, const caf::error& reason);
  void salvage_vm(const Orphan& orphan, const VmOwnerActor& owner);
  void report_orphan(Orphan orphan);
  void on_reaper_begins();
  void on_machines_found(const MachinesFound& found);
  void report_machine(const Orphan& machine);
  caf::result<OrphanAnswer> answer_orphan(const SalvageOrphan& question);
  OrphanAnswer remove_orphan(const SalvageOrphan& question);
  void close_lost_session(const std::string& id);
  [[nodiscard]] SharedValue<Profile> shared(Profile profile) const;
  void remember_request(const std::string& id, const SessionEntry& entry);
  void mark_failed(SessionDocument document, const Cause& cause);

  // node_pool.cpp: the warm pool, and what there is
  std::optional<std::string> take_warm(const SessionRequest& request);
  void refill_pool();
  void on_vm_stage(const VmStageReached& reached);
  void on_vm_finished(const std::string& vm);
  void count_pool_failure();
  [[nodiscard]] NodeFigures figures() const;
  [[nodiscard]] std::vector<PoolFigures> pool_figures() const;
  void show_pool();

  static constexpr std::uint64_t refill_ticket = 1;
  static constexpr std::uint64_t drain_ticket = 2;
  static constexpr std::uint64_t retry_ticket = 3;

  caf::result<SessionCreated> create(const CreateSession& wish);
  std::string make_vm(const SessionRequest& request, const SharedValue<Profile>& profile,
                      const std::string& session, const VmOwnerActor& owner, int slot);
  void on_saved(const std::string& session, const std::string& token_digest, bool is_warm);
  void forget_unsaved(const std::string& session, bool is_warm);
  VmGiven replace(const ReplaceVm& wish);
  void on_vm_gone(const std::string& vm);
  void on_down(const caf::down_msg& down);
  caf::result<Drained> drain(const DrainNode& wish);
  void undrain(const UndrainNode& wish);
  void tell_draining(bool is_draining, const std::string& by);
  void retire_all(const std::string& by);
  void finish_drain_when_empty();
  void answer_drains();
  EnvironmentPtr environment_;
  AddressPool addresses_;
  std::map<std::string, SessionEntry> sessions_;
  std::map<std::string, VmEntry> vms_;
  std::optional<DiskSpace> disk_;  ///< as it was some seconds ago; none: not known yet
  bool is_draining_ = false;
  ActorFace face_;
  std::vector<caf::typed_response_promise<Drained>> drained_;
  std::shared_ptr<const StoreContents> contents_;   ///< until it was adopted
  std::map<caf::actor_addr, std::string> unsaved_;  ///< sessions that never were, on their way out
  std::vector<Orphan> orphans_;      ///< of an earlier controller, and of sessions that were lost
  std::set<std::string> gone_vms_;   ///< while drivers look for what there is
  int surveys_ = 0;                  ///< under way
  bool has_adopted_warm_ = false;    ///< guests of an earlier controller's pool
  std::uint64_t pool_failures_ = 0;  ///< warm guests that ended before they were taken, in a row
};

}  // namespace aerie
