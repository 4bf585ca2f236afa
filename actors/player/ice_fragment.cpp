#include "actors/player/ice_fragment.hpp"

#include <algorithm>

namespace aerie {
namespace {

constexpr std::size_t most_candidates = 64;
constexpr std::size_t longest_candidate = 2 * 1024;
constexpr std::string_view ufrag_prefix = "a=ice-ufrag:";
constexpr std::string_view candidate_prefix = "a=candidate:";

/// Takes the next line off `text`, without its end.
std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

tl::expected<IceFragment, std::string> parse_ice_fragment(std::string_view text) {
  IceFragment fragment;
  while (!text.empty()) {
    const auto line = take_line(text);
    if (line.empty()) continue;
    if (line.size() < 2 || line[1] != '=')
      return tl::unexpected(std::string{"The body is no fragment of a session description."});
    if (line.starts_with(ufrag_prefix) && fragment.ufrag.empty())
      fragment.ufrag = line.substr(ufrag_prefix.size());
    if (!line.starts_with(candidate_prefix)) continue;
    if (line.size() > longest_candidate || fragment.candidates.size() == most_candidates)
      return tl::unexpected(std::string{"At most 64 candidates of 2048 bytes may come at once."});
    fragment.candidates.emplace_back(line.substr(2));
  }
  return fragment;
}

std::string ice_ufrag_of(std::string_view sdp) {
  while (!sdp.empty()) {
    const auto line = take_line(sdp);
    if (line.starts_with(ufrag_prefix)) return std::string{line.substr(ufrag_prefix.size())};
  }
  return {};
}

}  // namespace aerie
