#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/ports/store.hpp"
#include "tests/sim/agenda.hpp"
#include "tests/sim/random.hpp"

namespace aerie::sim {

/// The store's disk, over the lives of controllers: holds exactly what was committed.
class Disk {
 public:
  Disk(Agenda& agenda, Random random) : agenda_(agenda), random_(random) {}

  /// The port of a new controller.
  [[nodiscard]] std::shared_ptr<Store> open();
  /// The controller has died: batches under way are lost.
  void close() { ++life_; }

  [[nodiscard]] StoreContents contents() const;
  [[nodiscard]] const std::vector<EventPtr>& events() const { return events_; }
  [[nodiscard]] const std::vector<Resource>& resources() const { return resources_; }
  [[nodiscard]] const std::map<std::string, Json>& memories() const { return memories_; }
  [[nodiscard]] SessionDocumentPtr session(const std::string& id) const;
  /// A tombstone with that guest's evidence is written down.
  [[nodiscard]] bool has_tombstone(const std::string& session, const std::string& vm) const;
  [[nodiscard]] bool is_full() const { return agenda_.now() < full_until_; }
  /// What an access takes now.
  [[nodiscard]] Duration latency();

  void fill_for(Duration time) { full_until_ = agenda_.now() + time; }
  void slow_for(Duration time) { slow_until_ = agenda_.now() + time; }
  /// At the `count`th batch from now, `death` is called instead of the batch's confirmation.
  void die_at(std::uint64_t count, bool is_durable, std::function<void()> death);
  /// Nothing goes wrong any more.
  void heal();

  std::size_t commits = 0;

 private:
  class Port;
  struct Death {
    std::uint64_t count = 0;
    bool is_durable = false;
    std::function<void()> call;
  };

  void submit(StoreBatch batch, Store::Done done);
  void finish(StoreBatch batch, const Store::Done& done);
  void read(const EventQuery& query, const Store::EventsRead& done);
  void commit(const StoreWrite& write);
  void strike_memory(const std::string& subject, const std::string& spared);
  void drop(const std::string& session);

  Agenda& agenda_;
  Random random_;
  std::uint64_t life_ = 0;
  std::optional<Death> death_;
  Instant full_until_{};
  Instant slow_until_{};
  Instant last_finish_{};  // batches end in the order in which they were submitted

  std::vector<std::string> session_order_;
  std::map<std::string, SessionDocumentPtr> sessions_;
  std::vector<SaveToken> tokens_;
  std::vector<Resource> resources_;
  std::vector<EventPtr> events_;
  std::map<std::string, Json> memories_;
  std::map<std::string, TombstoneRecord> tombstones_;
};

}  // namespace aerie::sim
