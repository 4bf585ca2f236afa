#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "messages/cause.hpp"

namespace aerie {

/// Gives out slots, each with an IPv4 address of the pool: unique among those in use. The lowest
/// free one is not taken at once again; slots go round, so that a late packet for the former owner
/// does not reach the next.
class AddressPool {
 public:
  /// `network` in CIDR notation, prefix length 8 to 30. Errors: `network-failed` naming it.
  [[nodiscard]] static Result<AddressPool> make(const std::string& network);

  /// Which slot is given out first, whatever number that is. Controllers of one host that share a
  /// network begin at different ones, and do not meet before long.
  void begin_at(std::uint64_t number) {
    next_ = static_cast<int>(number % static_cast<std::uint64_t>(size_));
  }

  /// A slot, counted from 0, or none when all are in use.
  [[nodiscard]] std::optional<int> take();
  /// One that a guest of an earlier controller has.
  void reserve(int slot) { used_.insert(slot); }
  void give_back(int slot) { used_.erase(slot); }
  [[nodiscard]] std::string address(int slot) const;
  /// The slot with that address; none where it is not of this pool.
  [[nodiscard]] std::optional<int> slot(const std::string& address) const;
  [[nodiscard]] std::size_t in_use() const { return used_.size(); }

 private:
  AddressPool(std::uint32_t base, int size) : base_(base), size_(size) {}

  std::uint32_t base_;
  int size_;  ///< usable addresses: without the network's own and its broadcast
  int next_ = 0;
  std::set<int> used_;
};

}  // namespace aerie
