#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "actors/core/arrival_count.hpp"
#include "messages/cause.hpp"
#include "messages/rare.hpp"
#include "messages/time.hpp"

namespace aerie {

/// How long handlers took, in buckets of half an octave from 256 ns to 17 s: fixed memory, a few
/// nanoseconds to add to. One thread adds, any reads.
class DurationHistogram {
 public:
  void add(std::chrono::nanoseconds time) {
    auto& bucket =
        buckets_[bucket_of(static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)))];
    bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  /// The upper edge of the bucket below which `share` (0 to 1) of the times lie; 0 without any.
  [[nodiscard]] std::chrono::nanoseconds quantile(double share) const;

 private:
  static constexpr int first_octave = 8;
  static constexpr std::size_t count = 54;

  static std::size_t bucket_of(std::uint64_t ns) {
    const auto octave = std::bit_width(ns);
    if (octave <= first_octave) return 0;
    const auto half = (ns >> static_cast<unsigned>(octave - 2)) & 1U;
    return std::min<std::size_t>(static_cast<std::size_t>(octave - first_octave - 1) * 2 + half + 1,
                                 count - 1);
  }

  std::array<std::atomic<std::uint32_t>, count> buckets_{};
};

/// A part of an actor that is none itself: a process in its guest.
struct ActorPart {
  std::string name;
  std::string state;
  std::int64_t pid = 0;  ///< as this host sees it; 0: unknown, or it does not run
  int restarts = 0;
  Instant since{};
  std::string reason;           ///< why it is not well; empty while it is
  Rare<Cause> last_cause = {};  ///< why its last run ended, also once it is well again

  friend bool operator==(const ActorPart&, const ActorPart&) = default;
};

/// A number of what an actor stands for, named as a field of JSON: `framesPerSecond`.
struct ActorFigure {
  std::string name;
  double value = 0;

  friend bool operator==(const ActorFigure&, const ActorFigure&) = default;
};

/// What an actor shows of itself.
struct ActorFace {
  std::string state = "running";
  Instant since{};
  std::string reason;    ///< why it is in that state, where that is not as it should be
  std::int64_t pid = 0;  ///< of a guest's VMM or supervisor
  int restarts = 0;      ///< of what it stands for
  std::vector<ActorPart> parts;
  std::vector<ActorFigure> figures = {};
  Rare<Cause> last_cause = {};  ///< why what it stands for was lost last, also once it is back

  friend bool operator==(const ActorFace&, const ActorFace&) = default;
};

/// How much of it is asked: what a look at all actors shows, or what one of them is examined by.
enum class FactsDepth { brief, full };

/// What is known of an actor at one moment.
struct ActorFacts {
  std::string id;
  std::string parent;  ///< its id; empty: the root
  std::string kind;
  std::string name;
  ActorFace face;
  Instant began{};
  std::uint64_t mailbox = 0;  ///< messages that wait, with the one that is being handled
  std::uint64_t processed = 0;
  std::chrono::nanoseconds oldest{0};  ///< at most so long has the oldest of them waited
  std::optional<std::chrono::nanoseconds> busy_for;  ///< it handles a message, at most so long
  std::string busy_with;                             ///< that message's type
  std::chrono::nanoseconds handling{0};              ///< time in handlers, by samples
  std::chrono::nanoseconds p50{0};
  std::chrono::nanoseconds p99{0};
  std::map<std::string, std::uint64_t> by_type = {};  ///< full only
  std::vector<std::string> monitors = {};  ///< ids of those whose end it hears of; full only
};

/// The pulse of one actor: what can be said of it without asking it, also when it is stuck. The
/// sender counts arrivals, the actor all else; any thread reads. Nothing here is exact to the
/// message while the actor runs, and nothing waits.
///
/// It is paid for with every message, whether anybody looks or not. So what is done each time
/// stands in this header, to be inlined, and is a few plain stores of the sender and of the actor,
/// each in a line of memory of its own; clocks are read where a mailbox was empty, or for one
/// message in 64.
class Vitals {
 public:
  /// Type of a message: CAF's number of one of its own types, or the address of a `type_info`.
  using TypeKey = std::uintptr_t;

  Vitals(std::string kind, std::uint64_t actor);
  Vitals(const Vitals&) = delete;
  Vitals& operator=(const Vitals&) = delete;
  ~Vitals();

  // -- from any thread that sends ----------------------------------------------------------------

  /// False where the actor is over: a dead letter.
  bool on_arrival() {
    if (is_over_.load(std::memory_order_relaxed)) return false;
    arrived_.add();
    if (waiting_since_.load(std::memory_order_relaxed) == 0)
      waiting_since_.store(coarse_now(), std::memory_order_relaxed);
    return true;
  }

  // -- from the actor ----------------------------------------------------------------------------

  /// Call before the handler; returns its start where this one is to be timed, else 0.
  [[nodiscard]] std::int64_t begin(TypeKey type) {
    const auto handled = processed_.load(std::memory_order_relaxed);
    count(type);
    busy_type_.store(type, std::memory_order_relaxed);
    if (handled + 1 >= mark_) take_mark(handled);
    const bool is_timed = handled < always_timed || handled % timed_each == 0;
    return is_timed ? begin_timing() : 0;
  }

  void end(std::int64_t began) {
    if (began != 0) end_timing(began);
    busy_type_.store(0, std::memory_order_relaxed);
    processed_.store(processed_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  /// What arrives from now on is a dead letter. True the first time.
  bool be_over() { return !is_over_.exchange(true); }

  void watch(std::uint64_t actor);
  void unwatch(std::uint64_t actor);
  /// True where that changes anything.
  bool show(ActorFace face);
  void identify(std::string id, std::string name);

  // -- for everybody -----------------------------------------------------------------------------

  /// All but what the roster adds: parent and the ids of the watched.
  [[nodiscard]] ActorFacts facts(FactsDepth depth = FactsDepth::full) const;
  [[nodiscard]] std::vector<std::uint64_t> watched() const;
  [[nodiscard]] std::string id() const;
  [[nodiscard]] std::string name() const;
  [[nodiscard]] const std::string& kind() const { return kind_; }
  [[nodiscard]] std::uint64_t actor() const { return actor_; }
  [[nodiscard]] std::uint64_t waiting() const;

  /// Whether its messages are told as they come and go.
  void trace(bool is_wanted);
  [[nodiscard]] bool is_traced() const { return is_traced_.load(std::memory_order_relaxed); }
  /// Whether those of any actor are.
  [[nodiscard]] static bool is_any_traced() { return traced_.load(std::memory_order_relaxed) != 0; }

 private:
  static constexpr std::uint64_t always_timed = 64;
  static constexpr std::uint64_t timed_each = 64;  ///< beyond: a clock's two looks cost too much
  static constexpr std::size_t most_types = 32;

  static std::int64_t exact_now();
  /// Within some milliseconds, at a quarter of the cost.
  static std::int64_t coarse_now();
  void count(TypeKey type) {
    auto& slot = types_[slot_of(type)];
    if (slot.type.load(std::memory_order_relaxed) != type) return count_elsewhere(type);
    slot.count.store(slot.count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  /// Where it is looked for first.
  static std::size_t slot_of(TypeKey type) { return ((type >> 4U) ^ type) % most_types; }
  void count_elsewhere(TypeKey type);
  void take_mark(std::uint64_t handled);
  std::int64_t begin_timing();
  void end_timing(std::int64_t began);
  [[nodiscard]] std::chrono::nanoseconds oldest(std::uint64_t waiting) const;
  [[nodiscard]] std::map<std::string, std::uint64_t> counts_by_type(std::uint64_t processed) const;

  struct TypeCount {
    std::atomic<TypeKey> type{0};
    std::atomic<std::uint64_t> count{0};
  };

  static inline std::atomic<int> traced_{0};  ///< how many actors are

  // Written by senders: apart from what the actor writes.
  alignas(64) ArrivalCount arrived_;
  std::atomic<std::int64_t> waiting_since_{0};  ///< 0: whoever comes next says when
  std::atomic<bool> is_over_{false};
  alignas(64) std::atomic<std::uint64_t> processed_{0};
  std::uint64_t mark_ = 0;      ///< so many had arrived when it was set
  std::int64_t mark_time_ = 0;  ///< what arrived behind the mark arrived later
  std::atomic<std::int64_t> passed_mark_time_{0};
  std::atomic<TypeKey> busy_type_{0};        ///< of the message that is handled; 0: none
  std::atomic<std::int64_t> busy_since_{0};  ///< where that one is timed
  std::atomic<bool> is_traced_{false};
  std::atomic<std::uint64_t> sampled_{0};
  std::atomic<std::int64_t> sampled_ns_{0};
  std::array<TypeCount, most_types> types_;
  DurationHistogram times_;

  const std::string kind_;
  const std::uint64_t actor_;
  const Instant began_;
  mutable std::mutex mutex_;  ///< of what follows
  std::string id_;
  std::string name_;
  ActorFace face_;
  std::vector<std::uint64_t> watched_;
};

/// The last part of a type's name as a person calls it: `aerie::RecordEvent` is `RecordEvent`.
[[nodiscard]] std::string type_name(Vitals::TypeKey type);

}  // namespace aerie
