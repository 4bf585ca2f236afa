#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "actors/ports/store.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"
#include "runtime/store/batch_writer.hpp"
#include "runtime/store/sqlite.hpp"

namespace aerie {

struct StoreOptions {
  std::string path;                   ///< of the database file; its folder must exist
  std::size_t most_events = 100'000;  ///< kept; older ones are deleted
  std::size_t first_events = 4'000;   ///< of these, given back when it is opened
  std::int64_t most_pages = 0;        ///< of 4 KiB, beyond it `disk-full`; 0: no limit
};

/// The ledger's store on disk: SQLite in WAL mode, synced at each commit, one writing thread
/// and one that reads pages of events.
/// Batches that wait while one is written share the next transaction, so a burst costs few syncs;
/// if that transaction fails each is tried alone, so only the guilty one fails.
class SqliteStore : public Store {
 public:
  struct Opened {
    std::unique_ptr<SqliteStore> store;
    StoreContents contents;
  };

  /// Opens or creates the database, for one process at a time (a lock beside the file). Blocks for
  /// as long as reading it takes. A damaged one is kept as evidence under another name, with the
  /// time in it, and a new one begun; `StoreContents::troubles` tells.
  static Result<Opened> open(const StoreOptions& options);

  /// Closes it, unless that is done.
  ~SqliteStore() override;
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  /// Writes what was submitted, answers it, and ends the threads; nothing may be submitted any
  /// more. To be called by who owns the store before it lets go: an answer may be the last to hold
  /// an actor that holds the store, and a thread can't wait for its own end.
  void close();

  void submit(StoreBatch batch, Done done) override;
  void read_events(EventQuery query, EventsRead done) override;
  [[nodiscard]] std::uint64_t oldest_event() const override { return pruned_ + 1; }

 private:
  struct Entry {
    StoreBatch batch;
    Done done;
  };

  struct Connections;
  SqliteStore(UniqueFd lock, Connections connections, std::size_t most_events);

  void run();
  void write_together(std::deque<Entry>& entries);
  Result<void> write_transaction(const std::deque<Entry>& entries, std::size_t first,
                                 std::size_t last);
  Result<void> transaction(const std::function<Result<void>()>& writes);
  bool is_ending();
  static void tell_lost(const StoreBatch& batch, const Cause& failure);
  void prune();

  UniqueFd lock_;
  Database database_;
  Database pages_;  ///< the connection of the reading thread
  BatchWriter writer_;
  const std::size_t most_events_;
  std::atomic<std::uint64_t> pruned_;  ///< events up to this number are gone

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Entry> queue_;
  bool is_ending_ = false;
  std::thread thread_;
  Reactor reader_;
};

}  // namespace aerie
