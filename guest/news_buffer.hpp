#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "messages/link.hpp"

namespace aerie::guest {

/// What the guest would have said while no host listened: every event, and the newest log lines up
/// to a bound. Of the streamer's words the first are kept: who negotiates goes on with it.
class NewsBuffer {
 public:
  static constexpr std::size_t max_log_bytes = 1024 * 1024;
  static constexpr std::size_t max_events = 4096;
  static constexpr std::size_t max_words = 256;  ///< of the streamer

  void add(link::GuestMessage message);

  /// Everything kept, in order; where log lines were dropped, a line says how many.
  [[nodiscard]] std::vector<link::GuestMessage> take();

 private:
  void drop_oldest_log();

  std::deque<link::GuestMessage> messages_;
  std::size_t log_bytes_ = 0;
  std::size_t events_ = 0;
  std::size_t words_ = 0;
  std::map<std::string, std::uint64_t> dropped_lines_;  ///< by child
};

}  // namespace aerie::guest
