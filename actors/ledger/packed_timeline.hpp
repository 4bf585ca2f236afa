#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "actors/ledger/why_document.hpp"
#include "messages/event.hpp"

namespace aerie {

/// What happened to one session, or to a guest before it was anybody's, kept for `why`. There are
/// many of these and few are ever read, so the events lie one behind the other in CBOR (RFC 8949),
/// each as what differs from the one before: some 40 bytes, a tenth of what an `Event` costs.
class PackedTimeline {
 public:
  /// More than so many, and the oldest go.
  static constexpr std::size_t max_events = 512;

  void add(const Event& event);

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }

  /// All of them, oldest first, as of `session`; without their numbers.
  [[nodiscard]] Timeline unpack(const std::string& session) const;

  /// What it has on the heap.
  [[nodiscard]] std::size_t bytes() const { return packed_.capacity() + vm_.capacity(); }

 private:
  void append(const Event& event);
  void drop_oldest();

  std::string packed_;
  std::string vm_;  ///< of the newest
  std::int64_t at_ms_ = 0;
  std::uint32_t count_ = 0;
};

}  // namespace aerie
