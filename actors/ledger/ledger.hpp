#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/core/actor.hpp"
#include "actors/core/environment.hpp"
#include "actors/ledger/packed_timeline.hpp"
#include "actors/ledger/pending_writes.hpp"
#include "actors/ledger/tombstone_index.hpp"
#include "actors/ledger/why_document.hpp"
#include "actors/ports/store.hpp"

namespace aerie {

/// The ledger actor.
/// Job: remembers what exists and what happened; numbers events and passes them on; explains;
/// has tombstones written, kept for their time and deleted.
/// Owns: the picture in memory, and the only way to the store. Writes gather into one transaction
/// while the one before it is under way, so a burst costs few of them.
/// Sends: `Recorded` to readers.
/// Ends: with its supervisor, after everything sent to it before; a failing store does not end it,
/// sessions go on.
class Ledger : public Actor<LedgerActor> {
 public:
  Ledger(caf::actor_config& config, EnvironmentPtr environment, std::shared_ptr<Store> store,
         StoreContents contents);

  Behavior make_behavior() override;
  void on_exit() override;

 protected:
  [[nodiscard]] Json describe() const override;

 private:
  struct Reader {
    EventReaderActor actor;
    std::uint64_t number = 0;
    std::string session;
    std::optional<std::uint64_t> next;  ///< still to be told from here on; none: it is told live
  };
  /// Of the timer that means: write what has gathered.
  static constexpr std::uint64_t submit_ticket = 0;
  using Outcome = std::function<void(const std::optional<Cause>& failure)>;
  using WorkDone = std::function<void(LedgerWorkDone& done)>;

  // ledger.cpp: what exists
  void close();
  void begin(const StoreContents& contents);
  void take_in(const SessionDocumentPtr& found, const TombstoneRecord& tombstone);
  /// Sessions that an earlier controller left unfinished and of which nothing is remembered: they
  /// can't go on, so they have failed, and it is known why.
  void close_earlier_sessions();
  caf::result<Saved> save_session(const SessionDocumentPtr& document);
  void update_session(const UpdateSession& update);
  void update_document(const SessionDocumentPtr& document);
  void update_vm(const VmDocumentPtr& document);
  void forget_vm(const std::string& id);
  caf::result<Saved> acquire(const std::vector<SharedValue<Resource>>& resources);
  void release(const Resource& resource);
  void remember(const Remember& memory);
  void add_token(const SaveToken& token);
  void forget_session(const std::string& id);

  // ledger_events.cpp
  void record(Event event);
  void record(const std::string& kind, const std::string& session, Json data);
  void keep(const EventPtr& event);
  [[nodiscard]] Timeline timeline_of(const std::string& subject) const;
  [[nodiscard]] std::string session_of_guest(const std::string& vm) const;
  void forget_timelines(const std::string& session);
  void tell(const Reader& reader, const EventPtr& event);
  Subscribed subscribe(const Subscribe& request);
  [[nodiscard]] Reader* find_reader(const EventReaderActor& actor, std::uint64_t number);
  void catch_up(Reader& reader);
  void turn_page(const Reader& reader);
  void read_page(Reader& reader, const std::vector<EventPtr>& page);
  void unsubscribe(const caf::actor_addr& reader, std::uint64_t number, bool all);

  // ledger_store.cpp
  void write(StoreWrite write);
  /// Calls back once everything written so far is on disk, or could not be put there.
  void confirm(Outcome outcome);
  void submit();
  void submit_now();
  void on_store_finished(const StoreFinished& finished);
  void retry_store();
  void tell_recovery();
  /// A number under which another thread reports; `done` is then called here.
  std::uint64_t begin_work(WorkDone done);
  /// What such a thread reports with.
  [[nodiscard]] std::function<void(LedgerWorkDone)> reporter();
  void later(Duration delay, std::function<void()> task);

  // ledger_tombstones.cpp
  caf::result<Saved> write_tombstone(const WriteTombstone& wish);
  void order_tombstone(const std::string& session, const std::string& vm, bool is_last,
                       Outcome outcome);
  void on_tombstone_stored(TombstoneRecord record, std::int64_t bytes, Outcome outcome);
  void tell_tombstones_failure(const std::optional<Cause>& failure);
  /// True once its tombstone answers in the session's place.
  [[nodiscard]] bool is_buried(const std::string& session) const;
  void bury_if_over(const std::string& session);
  void bury(const std::string& session);
  void settle(const std::string& session);
  void go_on_with_tombstone(const std::string& session);
  void keep_within_bounds();
  void drop(std::string session, std::function<void(const TombstoneDropped&)> done);
  void remove_files(const std::string& session, Outcome outcome);
  caf::result<TombstoneDropped> drop_oldest();
  caf::result<HoldAnswer> hold_ended(const HoldEnded& wish);
  caf::result<HoldAnswer> unhold_ended(const UnholdEnded& wish);
  [[nodiscard]] ReleaseAllowed may_release(const std::string& vm);
  caf::result<HoldAnswer> replace_holds(const SessionDocument& document, const char* event,
                                        const Hold& hold);

  // ledger_questions.cpp
  [[nodiscard]] EventList list_events(const ListEvents& query) const;
  [[nodiscard]] SessionList list(const ListSessions& query) const;
  [[nodiscard]] TokenFound find_token(const std::string& digest) const;
  [[nodiscard]] VmFound find_vm(const std::string& id) const;
  caf::result<WhyAnswer> explain(const std::string& id);
  caf::result<WhyAnswer> explain_from_tombstone(TombstoneQuestion question);
  [[nodiscard]] WhyAnswer explain_from_memory(const std::string& subject,
                                              const std::string& child) const;

  EnvironmentPtr environment_;
  std::shared_ptr<Store> store_;
  caf::error end_reason_;
  bool is_closing_ = false;
  std::unique_ptr<StoreContents> contents_;  ///< until this actor begins

  std::vector<std::string> session_order_;  ///< oldest first
  std::unordered_map<std::string, SessionDocumentPtr> sessions_;
  std::map<std::string, VmDocumentPtr> vms_;
  std::map<std::string, std::vector<SharedValue<Resource>>> resources_;  ///< not released, by VM
  std::unordered_map<std::string, std::set<std::string>>
      guests_;                                  ///< of each session: not gone yet
  std::unordered_set<std::string> remembered_;  ///< sessions and VMs whose actors go on
  std::map<std::string, std::vector<std::string>>
      evident_guests_;  ///< whose evidence belongs into the tombstone, by session not buried yet
  std::deque<std::string> lost_guests_;  ///< of the pool, oldest first
  std::unordered_map<std::string, SaveToken> tokens_;
  std::unordered_map<std::string, std::vector<std::string>> session_tokens_;  ///< their digests

  std::unordered_map<std::string, PackedTimeline> timelines_;    ///< by session, or by a VM of none
  std::unordered_map<std::string, std::string> guest_sessions_;  ///< of VMs without a document
  std::deque<EventPtr> events_;
  std::uint64_t last_seq_ = 0;
  std::vector<Reader> readers_;

  TombstoneIndex tombstones_;
  std::map<std::string, std::string> releasing_;  ///< guests that may go, and whose they were
  std::unordered_set<std::string> burying_;       ///< the last word is being written
  std::optional<Cause> tombstones_failure_;       ///< of the last attempt to write one
  std::optional<Instant> next_look_;              ///< at what is too old

  PendingWrites gathered_;
  std::vector<Outcome> gathered_outcomes_;
  std::vector<Outcome> submitted_outcomes_;
  std::uint64_t batch_ = 0;
  bool is_submit_sent_ = false;
  bool is_submitted_ = false;
  std::size_t submitted_writes_ = 0;
  bool is_retry_set_ = false;
  Duration retry_delay_{100};
  std::size_t lost_events_ = 0;  ///< since the store began to fail
  std::optional<Cause> store_failure_;

  std::map<std::uint64_t, WorkDone> work_;
  std::map<std::uint64_t, std::function<void()>> timers_;
  std::uint64_t last_number_ = 0;  ///< of work and timers
};

}  // namespace aerie
