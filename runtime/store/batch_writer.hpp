#pragma once

#include <optional>
#include <vector>

#include "actors/ports/store.hpp"
#include "runtime/store/sqlite.hpp"

namespace aerie {

/// Puts writes into rows. Knows nothing of transactions or threads.
class BatchWriter {
 public:
  static Result<BatchWriter> prepare(Database& database);

  [[nodiscard]] Result<void> write(Database& database, const StoreBatch& batch);
  /// Deletes events up to and with this number, but for those of sessions that have no complete
  /// tombstone yet.
  [[nodiscard]] Result<void> prune_events(Database& database, std::uint64_t last);

  /// The highest number of an event written so far; 0: none.
  [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }

 private:
  explicit BatchWriter(std::vector<Statement> statements) : statements_(std::move(statements)) {}

  Result<void> put(Database& database, const WriteSession& write);
  Result<void> put(Database& database, const WriteResource& write);
  Result<void> put(Database& database, const StrikeResource& write);
  Result<void> put(Database& database, const WriteEvent& write);
  Result<void> put(Database& database, const WriteToken& write);
  Result<void> put(Database& database, const WriteMemory& write);
  Result<void> put(Database& database, const WriteTombstoneRecord& write);
  Result<void> put(Database& database, const DropSession& write);

  /// Runs one of the prepared statements with these parameters, from the first on.
  template <class... Values>
  Result<void> run(Database& database, std::size_t which, const Values&... values);

  std::vector<Statement> statements_;
  std::uint64_t last_seq_ = 0;
};

}  // namespace aerie
