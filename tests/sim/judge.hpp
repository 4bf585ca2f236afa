#pragma once

#include <caf/mailbox_element.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "messages/interfaces.hpp"
#include "tests/sim/agenda.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/guests.hpp"

namespace aerie::sim {

class Tombstones;

/// A promise that was broken.
struct Violation {
  std::string rule;
  std::string text;
};

/// Watches a history from outside and knows what must never happen. The rules:
///
/// - `consent`: no resource of a session is released before the session granted it, gave the guest
///   up for a fresh one, or never came to be. A grant without force never comes within a keep.
/// - `tombstone`: the session's tombstone is written before the first thing of it is released.
/// - `hold`: nothing that holds evidence is released while a confirmed hold stands.
/// - `exit`: nothing is released while its guest runs; nothing runs twice.
/// - `once`: a resource is released once, and written down as released once; a session ends once.
/// - `outcome`: how a session ended never changes.
/// - `convergence`: in peace all that nobody owns or holds is gone in bounded time.
class Judge {
 public:
  /// `pool_size`: guests that may be there though they are nobody's.
  Judge(const Agenda& agenda, const Disk& disk, std::size_t pool_size)
      : agenda_(agenda), disk_(disk), pool_size_(pool_size) {}

  void look_at(const Tombstones& tombstones) { tombstones_ = &tombstones; }

  /// A message is about to be handled by an actor of kind `receiver`.
  void on_message(std::string_view receiver, caf::mailbox_element& element);
  void on_start(const std::string& vm);
  void on_release(const Guest& guest, const Resource& resource);
  /// It is still there: another try is no second release.
  void on_failed_release(const std::string& vm, const std::string& kind);
  void on_tombstone_removed(const std::string& session);
  /// The operator was told that the hold stands, or has asked to clear it.
  void on_hold(const std::string& session, const std::string& name);
  void on_clearing(const std::string& session, const std::string& name);
  /// A viewer was told that its keep stands.
  void on_keep_told(const std::string& session, Instant until);
  void on_session_fault(const std::string& session) { lost_.insert(session); }
  void on_controller_death();
  void at_the_end(const Guests& guests);

  [[nodiscard]] bool is_kept(const std::string& session) const;
  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
  void blame(std::string rule, std::string text);

 private:
  struct Outcome {
    SessionState state = SessionState::starting;
    std::string end;
  };
  using VmAndKind = std::pair<std::string, std::string>;

  void on_answer(const RetireAnswered& answered);
  void on_dismantle(const DismantleVm& dismantle, const caf::strong_actor_ptr& sender);
  void on_document(const SessionDocument& document);
  [[nodiscard]] bool has_consent(const std::string& session, const std::string& vm) const;
  void check_guests(const Guests& guests);
  void check_disk();
  void check_events();

  const Agenda& agenda_;
  const Disk& disk_;
  std::size_t pool_size_;
  std::optional<Violation> violation_;
  std::uint64_t life_ = 1;
  std::map<std::string, Proposal> proposals_;
  std::set<std::pair<std::string, std::string>> granted_;  ///< session and VM
  std::map<std::string, Instant> kept_until_;              ///< by session
  std::map<std::string, Instant> told_keeps_;              ///< likewise, that a viewer knows of
  std::set<std::string> given_up_;                         ///< VMs that their owner released
  const Tombstones* tombstones_ = nullptr;
  std::set<std::string> lost_;                          ///< sessions whose actor failed
  std::map<std::string, std::set<std::string>> holds_;  ///< by session
  std::map<std::string, Outcome> outcomes_;
  std::map<VmAndKind, std::uint64_t> released_;  ///< in which life
  std::set<std::string> started_;
  std::set<std::string> warm_;  ///< at the end
};

}  // namespace aerie::sim
