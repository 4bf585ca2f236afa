#include "runtime/process/child_output.hpp"

#include <iterator>
#include <utility>

#include "runtime/process/utf8.hpp"

namespace aerie {

LineSplitter& ChildOutput::splitter(LogLine::Stream stream) {
  return stream == LogLine::Stream::out ? out_ : err_;
}

void ChildOutput::remember(const std::string& line) {
  tail_.push_back(valid_utf8(line, tail_line_bytes));
  if (tail_.size() > tail_lines) tail_.pop_front();
}

std::vector<LogLine> ChildOutput::feed(LogLine::Stream stream, std::string_view bytes, Instant at,
                                       Clock::time_point now) {
  std::vector<LogLine> lines;
  start_window(lines, at, now);
  for (auto& text : splitter(stream).feed(bytes)) {
    const auto size = text.size() + 1;
    remember(text);
    // Nothing passes what was dropped: a short line that still fits would seem to come before it.
    if (dropped_lines_ > 0 || window_bytes_ + size > bytes_a_second) {
      drop({at, stream, std::move(text)});
      continue;
    }
    window_bytes_ += size;
    lines.push_back({at, stream, std::move(text)});
  }
  return lines;
}

void ChildOutput::drop(LogLine line) {
  ++dropped_lines_;
  dropped_bytes_ += line.text.size() + 1;
  last_dropped_.push_back(std::move(line));
  if (last_dropped_.size() > tail_lines) last_dropped_.pop_front();
}

std::vector<LogLine> ChildOutput::finish(Instant at) {
  std::vector<LogLine> lines;
  // Its last words are worth more than those before: they are kept whatever the budget.
  auto last = std::exchange(last_dropped_, {});
  for (const auto& line : last) {
    --dropped_lines_;
    dropped_bytes_ -= line.text.size() + 1;
  }
  report_dropped(lines, at);
  std::move(last.begin(), last.end(), std::back_inserter(lines));
  for (const auto stream : {LogLine::Stream::out, LogLine::Stream::err})
    for (auto& text : splitter(stream).finish()) {
      remember(text);
      lines.push_back({at, stream, std::move(text)});
    }
  return lines;
}

void ChildOutput::start_window(std::vector<LogLine>& lines, Instant at, Clock::time_point now) {
  if (now - window_start_ < std::chrono::seconds{1}) return;
  window_start_ = now;
  window_bytes_ = 0;
  report_dropped(lines, at);
}

void ChildOutput::report_dropped(std::vector<LogLine>& lines, Instant at) {
  const auto count = std::exchange(dropped_lines_, 0);
  const auto bytes = std::exchange(dropped_bytes_, 0);
  last_dropped_.clear();
  if (count == 0) return;
  auto text = "aerie: " + std::to_string(count) + " lines (" + std::to_string(bytes) +
              " bytes) were dropped here: more than " + std::to_string(bytes_a_second) +
              " bytes a second";
  lines.push_back({at, LogLine::Stream::err, std::move(text)});
}

}  // namespace aerie
