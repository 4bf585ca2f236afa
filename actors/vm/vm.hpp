#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/core/actor.hpp"
#include "actors/core/environment.hpp"
#include "actors/ports/machine.hpp"
#include "actors/vm/vm_memory.hpp"
#include "messages/interfaces.hpp"

namespace aerie {

/// The VM actor.
/// Job: brings one guest up, passes its news on, brings it down, gives back what it held.
/// Owns: the machine of a driver, the link through it, and the list of its resources.
/// Sends: its owner (a session, or the node for a warm guest) every change; the ledger resources,
/// documents and events.
/// Ends: when everything it held is released, which takes its owner's token; or with its parent,
/// the node.
class Vm : public Actor<VmActor> {
 public:
  Vm(caf::actor_config& config, EnvironmentPtr environment, MachineSpec spec, std::string driver,
     VmOwnerActor owner, caf::actor_addr parent = {});
  /// Adopts a guest of an earlier controller; its owner is told it by `AssignVm`.
  Vm(caf::actor_config& config, EnvironmentPtr environment, VmMemory memory, VmOwnerActor owner,
     caf::actor_addr parent = {});

  Behavior make_behavior() override;
  void on_exit() override;

 protected:
  [[nodiscard]] Json describe() const override;

 private:
  struct Pausing {
    std::string by;
    caf::typed_response_promise<VmPaused> promise;
  };

  void start();
  void start_machine();
  void make_machine();
  void on_not_written(Cause cause);
  void on_started(std::int64_t pid);
  void on_linked();
  void on_exited(const ExitRecord& exit);
  void on_machine_failed(const Cause& cause);
  /// Nothing of it runs any more.
  void finish(std::optional<Cause> cause);
  void stop(const std::string& by, bool at_once);
  void on_timer(std::uint64_t ticket);

  // vm_words.cpp: what the guest says
  void on_says(link::GuestMessage& message);
  void on_child(const link::ChildNews& news);
  void on_link_lost(const Cause& cause);
  void on_network(const std::optional<Cause>& failure);
  void assign(const AssignVm& assignment);
  void tell_owner_where_it_stands();
  void tell_owner(const std::optional<Cause>& cause);

  // vm_pausing.cpp
  caf::result<VmPaused> pause(const PauseVm& wish);
  void on_paused(const MachinePaused& paused);
  void answer_pause(const std::optional<Cause>& failure);

  // vm_dismantling.cpp
  void dismantle(const ReleaseToken& token);
  void write_tombstone();
  void ask_owner();
  void ask_ledger();
  void release_next();
  void on_released(const MachineReleased& released);

  // vm_adoption.cpp
  void adopt();
  void say_to_streamer(const Json& body);
  void order_login(const link::LoginOrder& order);
  [[nodiscard]] bool is_known(const link::ChildNews& news);
  void remember();

  // vm_face.cpp: what operators see of it
  void note_child(const link::ChildNews& news);
  void show_face();

  void fail(Cause cause);
  void enter(VmState state, std::optional<Duration> deadline = std::nullopt);
  void reach(Stage stage);
  void publish();
  void record(std::string kind, std::string child, Json data);
  [[nodiscard]] Cause deadline_cause() const;
  [[nodiscard]] Duration stop_deadline() const;

  EnvironmentPtr environment_;
  caf::actor_addr parent_;
  MachineSpec spec_;
  VmOwnerActor owner_;
  SharedValue<VmDocument> document_;
  std::unique_ptr<Machine> machine_;
  std::vector<SharedValue<Resource>> resources_;  ///< still held, in order of acquisition
  std::vector<Stage> stages_;
  Rare<Cause> finish_cause_;  ///< what the guest said before it ended
  std::optional<std::string> stopped_by_;
  bool has_started_ = false;  ///< a process may exist
  bool has_exited_ = false;
  Rare<ReleaseToken> token_;          ///< the owner's, while it is being dismantled
  std::vector<Resource> unreleased_;  ///< could not be given back
  Rare<Cause> release_failure_;
  std::uint64_t tombstone_ticket_ = 0;  ///< of the next try to write the session's tombstone
  bool is_link_lost_ = false;
  bool is_adopted_ = false;
  bool is_linked_ = false;
  std::set<std::string> ready_;  ///< children
  std::vector<Json> unsaid_;     ///< to the streamer, once an adopted guest is linked
  std::vector<link::LoginOrder> unsaid_orders_;  ///< likewise, to the log-in agent
  Rare<Pausing> pausing_;                        ///< who waits for it to be halted, or to go on
  std::vector<ActorPart> parts_;                 ///< the children, for operators
  std::optional<std::pair<VmState, bool>> shown_state_;  ///< and whether it is halted
  Instant state_since_{};
  std::set<std::pair<std::string, std::string>> known_exits_;  ///< of the controller before
  std::string remembered_;    ///< digest of what was last remembered
  std::uint64_t ticket_ = 0;  ///< of the current state's deadline
};

}  // namespace aerie
