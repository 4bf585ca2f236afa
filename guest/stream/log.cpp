#include "guest/stream/log.hpp"

#include <algorithm>
#include <string>
#include <unistd.h>

namespace aerie::stream {

void log_line(std::string_view line) {
  constexpr std::size_t longest = 2048;
  std::string text{line.substr(0, longest)};
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  text += '\n';
  // One write a line keeps lines whole; a log that cannot be written has nowhere to complain.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace aerie::stream
