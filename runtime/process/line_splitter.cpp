#include "runtime/process/line_splitter.hpp"

#include <algorithm>
#include <utility>

namespace aerie {

std::vector<std::string> LineSplitter::feed(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end);
    const auto room = max_bytes - line_.size();
    line_.append(part.substr(0, room));
    cut_ = cut_ || part.size() > room;
    if (end == std::string_view::npos) break;
    lines.push_back(take());
    bytes.remove_prefix(end + 1);
  }
  return lines;
}

std::vector<std::string> LineSplitter::finish() {
  if (line_.empty() && !cut_) return {};
  return {take()};
}

std::string LineSplitter::take() {
  auto line = std::exchange(line_, {});
  if (std::exchange(cut_, false))
    line += cut_mark;
  else if (line.ends_with('\r'))
    line.pop_back();
  return line;
}

}  // namespace aerie
