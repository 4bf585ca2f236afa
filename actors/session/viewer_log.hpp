#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "messages/cause.hpp"
#include "messages/time.hpp"

namespace aerie {

/// The numbered messages of one viewer, kept for a resume: the last 256 or 1 MiB of them
/// (contract, section 4).
class ViewerLog {
 public:
  static constexpr std::size_t max_messages = 256;
  static constexpr std::size_t max_bytes = 1024 * 1024;

  /// Gives the message its `seq` and `at` and keeps it.
  Json add(Json message, Instant at);

  /// The messages after `last_seq`, but for offers and candidates of epochs that are dead; none if
  /// some of them are no longer kept or `last_seq` was never reached.
  [[nodiscard]] std::optional<std::vector<Json>> since(
      std::uint64_t last_seq, const std::function<bool(std::uint64_t epoch)>& is_alive) const;

  [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }
  /// The oldest that is kept; one beyond the last where none is.
  [[nodiscard]] std::uint64_t first_kept() const { return last_seq_ - kept_.size() + 1; }

  /// What an earlier controller remembered, in order and without gaps.
  void restore(std::vector<Json> messages);

  /// A restored log may lack the last words before the end of the controller that spoke them: a
  /// viewer that has seen further, by no more than is ever kept, is believed.
  void catch_up(std::uint64_t seen);
  /// Restored, and its viewer has not come back yet: nothing is numbered until then.
  [[nodiscard]] bool is_restored() const { return is_restored_; }

 private:
  struct Kept {
    Json message;
    std::size_t bytes = 0;
  };

  std::deque<Kept> kept_;
  std::size_t bytes_ = 0;
  std::uint64_t last_seq_ = 0;
  bool is_restored_ = false;
};

}  // namespace aerie
