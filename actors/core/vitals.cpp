#include "actors/core/vitals.hpp"

#include <algorithm>
#include <caf/type_nr.hpp>
#include <cstdlib>
#include <ctime>
#include <cxxabi.h>
#include <memory>

namespace aerie {
namespace {

using std::chrono::nanoseconds;

std::int64_t read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Of the messages that several types could not be told apart any more.
constexpr Vitals::TypeKey other_types = ~Vitals::TypeKey{0};

}  // namespace

std::chrono::nanoseconds DurationHistogram::quantile(double share) const {
  std::uint64_t total = 0;
  for (const auto& bucket : buckets_)
    total += bucket.load(std::memory_order_relaxed);
  if (total == 0) return nanoseconds{0};
  const auto rank = std::max<double>(1, share * static_cast<double>(total));
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < count; ++i) {
    below += buckets_[i].load(std::memory_order_relaxed);
    if (static_cast<double>(below) < rank) continue;
    // The upper edge: 1 or 1.5 times a power of two.
    const auto octave = static_cast<unsigned>(first_octave) + static_cast<unsigned>((i + 1) / 2);
    const auto edge = (i % 2 == 0) ? std::uint64_t{1} << octave : std::uint64_t{3} << (octave - 2);
    return nanoseconds{static_cast<std::int64_t>(edge)};
  }
  return nanoseconds{0};
}

Vitals::Vitals(std::string kind, std::uint64_t actor)
    : kind_(std::move(kind)), actor_(actor), began_(wall_now()), name_(kind_) {
  face_.since = began_;
}

Vitals::~Vitals() {
  trace(false);
}

void Vitals::trace(bool is_wanted) {
  if (is_traced_.exchange(is_wanted) != is_wanted) traced_ += is_wanted ? 1 : -1;
}

std::int64_t Vitals::exact_now() {
  return read_clock(CLOCK_MONOTONIC);
}

std::int64_t Vitals::coarse_now() {
  return read_clock(CLOCK_MONOTONIC_COARSE);
}

void Vitals::count_elsewhere(TypeKey type) {
  // Open addressing; types are never taken out again.
  for (std::size_t i = 0; i < most_types; ++i) {
    auto& slot = types_[(slot_of(type) + i) % most_types];
    const auto known = slot.type.load(std::memory_order_relaxed);
    if (known != type && known != 0) continue;
    slot.count.store(slot.count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    if (known == 0) slot.type.store(type, std::memory_order_release);
    return;
  }
}

/// With the last message before a mark the next mark is set, at all that has arrived by now.
/// Whoever waits behind a mark arrived after it was set: so its time bounds the age of the oldest
/// without a time stamp in every message.
void Vitals::take_mark(std::uint64_t handled) {
  const auto arrived = arrived_.total();
  const bool is_first = mark_ == 0;
  if (is_first) {
    const auto since = waiting_since_.load(std::memory_order_relaxed);
    // Not known where it came just as the one before it was begun.
    passed_mark_time_.store(since != 0 ? since : coarse_now(), std::memory_order_relaxed);
  }
  if (arrived <= handled + 1) {
    mark_ = 0;
    waiting_since_.store(0, std::memory_order_relaxed);
    return;
  }
  if (!is_first) passed_mark_time_.store(mark_time_, std::memory_order_relaxed);
  mark_time_ = coarse_now();
  mark_ = arrived;
}

std::int64_t Vitals::begin_timing() {
  // This thread runs actors, which send.
  ArrivalCount::seat_thread();
  const auto now = exact_now();
  busy_since_.store(now, std::memory_order_relaxed);
  return now;
}

void Vitals::end_timing(std::int64_t began) {
  const nanoseconds took{exact_now() - began};
  times_.add(took);
  sampled_.store(sampled_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  sampled_ns_.store(sampled_ns_.load(std::memory_order_relaxed) + took.count(),
                    std::memory_order_relaxed);
  busy_since_.store(0, std::memory_order_relaxed);
}

void Vitals::watch(std::uint64_t actor) {
  const std::lock_guard lock{mutex_};
  watched_.push_back(actor);
}

void Vitals::unwatch(std::uint64_t actor) {
  const std::lock_guard lock{mutex_};
  const auto found = std::find(watched_.begin(), watched_.end(), actor);
  if (found != watched_.end()) watched_.erase(found);
}

bool Vitals::show(ActorFace face) {
  const std::lock_guard lock{mutex_};
  if (face.since == Instant{}) face.since = face_.since;
  if (face_ == face) return false;
  face_ = std::move(face);
  return true;
}

void Vitals::identify(std::string id, std::string name) {
  const std::lock_guard lock{mutex_};
  id_ = std::move(id);
  if (!name.empty()) name_ = std::move(name);
}

std::vector<std::uint64_t> Vitals::watched() const {
  const std::lock_guard lock{mutex_};
  return watched_;
}

std::string Vitals::id() const {
  const std::lock_guard lock{mutex_};
  return id_;
}

std::string Vitals::name() const {
  const std::lock_guard lock{mutex_};
  return name_;
}

std::uint64_t Vitals::waiting() const {
  // In this order: what was handled had arrived before.
  const auto processed = processed_.load(std::memory_order_acquire);
  const auto arrived = arrived_.total();
  return arrived > processed ? arrived - processed : 0;
}

nanoseconds Vitals::oldest(std::uint64_t waiting) const {
  if (waiting == 0) return nanoseconds{0};
  const auto since = std::max(passed_mark_time_.load(std::memory_order_relaxed),
                              waiting_since_.load(std::memory_order_relaxed));
  if (since == 0) return nanoseconds{0};  // it is just arriving
  return nanoseconds{std::max<std::int64_t>(coarse_now() - since, 0)};
}

std::map<std::string, std::uint64_t> Vitals::counts_by_type(std::uint64_t processed) const {
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t counted = 0;
  for (const auto& slot : types_) {
    const auto type = slot.type.load(std::memory_order_acquire);
    if (type == 0) continue;
    const auto count = slot.count.load(std::memory_order_relaxed);
    counts[type_name(type)] += count;
    counted += count;
  }
  if (counted < processed) counts[type_name(other_types)] = processed - counted;
  return counts;
}

ActorFacts Vitals::facts(FactsDepth depth) const {
  ActorFacts facts;
  facts.kind = kind_;
  facts.began = began_;
  facts.mailbox = waiting();
  facts.processed = processed_.load(std::memory_order_relaxed);
  facts.oldest = oldest(facts.mailbox);
  if (const auto type = busy_type_.load(std::memory_order_relaxed); type != 0) {
    // Where it is not timed: since it can have arrived.
    auto since = busy_since_.load(std::memory_order_relaxed);
    if (since == 0) since = passed_mark_time_.load(std::memory_order_relaxed);
    facts.busy_for = nanoseconds{std::max<std::int64_t>(exact_now() - since, 0)};
    facts.busy_with = type_name(type);
  }
  if (const auto sampled = sampled_.load(std::memory_order_relaxed); sampled > 0) {
    const auto mean = static_cast<double>(sampled_ns_.load(std::memory_order_relaxed)) /
                      static_cast<double>(sampled);
    facts.handling =
        nanoseconds{static_cast<std::int64_t>(mean * static_cast<double>(facts.processed))};
  }
  facts.p50 = times_.quantile(0.5);
  facts.p99 = times_.quantile(0.99);
  if (depth == FactsDepth::full) facts.by_type = counts_by_type(facts.processed);
  const std::lock_guard lock{mutex_};
  facts.id = id_;
  facts.name = name_;
  facts.face = face_;
  return facts;
}

std::string type_name(Vitals::TypeKey type) {
  if (type == 0) return "nothing";
  if (type == other_types) return "other";
  if (type < caf::type_nrs) return caf::numbered_type_names[type - 1];
  // The key is the address of a std::type_info, which lives as long as the program.
  const auto* info = reinterpret_cast<const std::type_info*>(type);  // NOLINT
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text{
      abi::__cxa_demangle(info->name(), nullptr, nullptr, &status), &std::free};
  std::string name = status == 0 ? text.get() : info->name();
  const auto colon = name.rfind("::");
  return colon == std::string::npos ? name : name.substr(colon + 2);
}

}  // namespace aerie
