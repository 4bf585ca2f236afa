#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "messages/log_line.hpp"
#include "runtime/process/line_splitter.hpp"

namespace aerie {

/// Turns what a child writes into bounded log lines. Knows nothing of descriptors or clocks.
class ChildOutput {
 public:
  /// Lines of a second above this many bytes are dropped, and counted.
  static constexpr std::size_t bytes_a_second = 4 * 1024 * 1024;
  static constexpr std::size_t tail_lines = 20;
  static constexpr std::size_t tail_line_bytes = 1024;

  using Clock = std::chrono::steady_clock;

  /// The lines that these bytes complete, without those above the budget.
  [[nodiscard]] std::vector<LogLine> feed(LogLine::Stream stream, std::string_view bytes,
                                          Instant at, Clock::time_point now);

  /// At the child's end: the last lines that were dropped, if it ended amid a flood, and the
  /// unfinished lines of both streams.
  [[nodiscard]] std::vector<LogLine> finish(Instant at);

  /// The last lines of both streams, valid UTF-8, oldest first.
  [[nodiscard]] std::vector<std::string> tail() const { return {tail_.begin(), tail_.end()}; }

 private:
  LineSplitter& splitter(LogLine::Stream stream);
  void drop(LogLine line);
  void remember(const std::string& line);
  void start_window(std::vector<LogLine>& lines, Instant at, Clock::time_point now);
  void report_dropped(std::vector<LogLine>& lines, Instant at);

  LineSplitter out_;
  LineSplitter err_;
  std::deque<std::string> tail_;
  std::deque<LogLine> last_dropped_;  ///< since the last report
  Clock::time_point window_start_{};
  std::size_t window_bytes_ = 0;
  std::uint64_t dropped_lines_ = 0;
  std::uint64_t dropped_bytes_ = 0;
};

}  // namespace aerie
