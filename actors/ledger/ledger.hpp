#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/core/actor.hpp"
#include "actors/core/environment.hpp"
#include "actors/ledger/why_document.hpp"
#include "actors/ports/store.hpp"

namespace aerie {

/// The ledger actor.
/// Job: remembers what exists and what happened; numbers events and passes them on; explains.
/// Owns: the picture in memory, and the only way to the store. Writes gather into one transaction
/// while the one before it is under way, so a burst costs few of them.
/// Sends: `Recorded` to readers.
/// Ends: with its supervisor; a failing store does not end it, sessions go on.
class Ledger : public Actor<LedgerActor> {
 public:
  Ledger(caf::actor_config& config, EnvironmentPtr environment, std::shared_ptr<Store> store,
         StoreContents contents);

  Behavior make_behavior() override;
  void on_exit() override;

 private:
  struct Reader {
    EventReaderActor actor;
    std::uint64_t number = 0;
    std::string session;
  };
  using SavedPromise = caf::typed_response_promise<Saved>;
  struct Waiter {
    SavedPromise promise;
    std::string new_session;  ///< forgotten if it can't be written
  };

  /// Sessions that an earlier controller left unfinished and of which nothing is remembered: they
  /// can't go on, so they have failed, and it is known why.
  void close_earlier_sessions();
  void record(Event event);
  void keep(const EventPtr& event);
  void write(StoreWrite write);
  SavedPromise write_and_confirm(std::vector<StoreWrite> writes, std::string new_session = {});
  void forget_session(const std::string& id);
  void submit();
  void on_store_finished(const StoreFinished& finished);
  [[nodiscard]] SessionList list(const ListSessions& query) const;
  [[nodiscard]] WhyAnswer explain(const std::string& id) const;
  Subscribed subscribe(const Subscribe& request);
  void unsubscribe(const caf::actor_addr& reader, std::uint64_t number, bool all);

  EnvironmentPtr environment_;
  std::set<std::string> remembered_;  ///< subjects when the store was opened
  std::shared_ptr<Store> store_;

  std::vector<std::string> session_order_;  ///< oldest first
  std::unordered_map<std::string, SessionDocumentPtr> sessions_;
  std::map<std::string, VmDocumentPtr> vms_;
  std::map<std::string, std::vector<Resource>> resources_;  ///< not released, by VM
  std::unordered_map<std::string, SaveToken> tokens_;
  std::unordered_map<std::string, Timeline> timelines_;  ///< by session, and by VM
  std::deque<EventPtr> events_;
  std::uint64_t last_seq_ = 0;
  std::vector<Reader> readers_;

  std::vector<StoreWrite> gathered_;
  std::vector<Waiter> gathered_waiters_;
  std::vector<Waiter> submitted_waiters_;
  std::uint64_t batch_ = 0;
  bool is_submitted_ = false;
  std::optional<Cause> store_failure_;
};

}  // namespace aerie
