#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "actors/ports/log_store.hpp"
#include "actors/ports/tombstone_store.hpp"
#include "tests/sim/disk.hpp"

namespace aerie::sim {

class Judge;

/// Tombstones and the logs of sessions, as files that outlive controllers.
class Tombstones {
 public:
  Tombstones(Agenda& agenda, Disk& disk, Judge& judge)
      : agenda_(agenda), disk_(disk), judge_(judge) {}

  /// The ports of a new controller.
  [[nodiscard]] std::shared_ptr<TombstoneStore> open();
  [[nodiscard]] std::shared_ptr<LogStore> open_logs();
  /// The controller has died: what was under way is as if it had never begun.
  void close() { ++life_; }

  [[nodiscard]] bool has(const std::string& session, const std::string& vm) const;

 private:
  class Port;
  class Logs;

  /// After a while, unless the controller has died by then.
  void later(Agenda::Task task);
  void write(const TombstoneOrder& order, const TombstoneStore::Written& done);
  void remove(const std::string& session, const TombstoneStore::Removed& done);

  Agenda& agenda_;
  Disk& disk_;
  Judge& judge_;
  std::uint64_t life_ = 0;
  std::map<std::string, std::set<std::string>> guests_;  ///< with evidence, by session
};

}  // namespace aerie::sim
