#pragma once

#include <optional>

#include "actors/ports/store.hpp"
#include "runtime/store/sqlite.hpp"

namespace aerie {

/// Puts writes into rows. Knows nothing of transactions or threads.
class BatchWriter {
 public:
  static Result<BatchWriter> prepare(Database& database);

  [[nodiscard]] Result<void> write(Database& database, const StoreBatch& batch);
  /// Deletes events up to and with this number.
  [[nodiscard]] Result<void> prune_events(Database& database, std::uint64_t last);

  /// The highest number of an event written so far; 0: none.
  [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }

 private:
  BatchWriter(Statement session, Statement resource, Statement strike, Statement event,
              Statement token, Statement memory, Statement forget, Statement prune);

  Result<void> put(Database& database, const WriteSession& write);
  Result<void> put(Database& database, const WriteResource& write);
  Result<void> put(Database& database, const StrikeResource& write);
  Result<void> put(Database& database, const WriteEvent& write);
  Result<void> put(Database& database, const WriteToken& write);
  Result<void> put(Database& database, const WriteMemory& write);

  Statement session_;
  Statement resource_;
  Statement strike_;
  Statement event_;
  Statement token_;
  Statement memory_;
  Statement forget_;
  Statement prune_;
  std::uint64_t last_seq_ = 0;
};

}  // namespace aerie
