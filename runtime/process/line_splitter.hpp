#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace aerie {

/// Cuts a byte stream into lines at `\n` (a `\r` before it goes too). A line above `max_bytes` is
/// cut, marked, and the rest of it skipped. Holds at most one line.
class LineSplitter {
 public:
  static constexpr std::size_t max_bytes = 8 * 1024;
  static constexpr std::string_view cut_mark = " … (cut)";

  /// Returns the lines that these bytes complete.
  [[nodiscard]] std::vector<std::string> feed(std::string_view bytes);

  /// Returns what is left without a line break, if anything, and starts anew.
  [[nodiscard]] std::vector<std::string> finish();

 private:
  std::string take();

  std::string line_;
  bool cut_ = false;
};

}  // namespace aerie
