#pragma once

#include <memory>
#include <string>

#include "actors/ports/tombstone_store.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {

/// Tombstones below `STATE/tombstones`, written and deleted by one thread and read by another, so
/// that a question does not wait for a large log.
class TombstoneFiles final : public TombstoneStore {
 public:
  /// `disk` writes the logs: what it was given before a tombstone is ordered is in that tombstone.
  /// `configuration`: as `aerie config --effective` shows it.
  TombstoneFiles(std::string state, Reactor& disk, Json configuration);
  ~TombstoneFiles() override;

  /// Does what was asked for, answers it, and ends the threads. To be called by who owns it before
  /// it lets go: an answer may be the last to hold an actor, and with it this.
  void close();

  TombstoneFiles(const TombstoneFiles&) = delete;
  TombstoneFiles& operator=(const TombstoneFiles&) = delete;

  /// Clears away what writers and removals that were interrupted left. Before all else; blocks.
  [[nodiscard]] static Result<void> tidy(const std::string& state);

  void write(TombstoneOrder order, Written done) override;
  void explain(TombstoneQuestion question, Explained done) override;
  void remove(const std::string& session, Removed done) override;

 private:
  class Writing;

  std::string state_;
  std::shared_ptr<Writing> writing_;
  Reactor writer_;
  Reactor reader_;
};

}  // namespace aerie
