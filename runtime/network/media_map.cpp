#include "runtime/network/media_map.hpp"

#include <algorithm>
#include <charconv>

namespace aerie::network {
namespace {

std::optional<int> number_in(std::string_view text, int least, int most) {
  int value = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || at != end || value < least || value > most) return std::nullopt;
  return value;
}

/// Words between single spaces, as the grammar of RFC 8839, section 5.1, has them.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

const MediaMap::Entry* entry_for(const std::vector<MediaMap::Entry>& entries,
                                 std::string_view address, int port) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
    const bool is_its_address = entry.guest_address.empty() || entry.guest_address == address;
    return is_its_address && entry.guest_ports.contains(port);
  });
  return found == entries.end() ? nullptr : &*found;
}

constexpr std::string_view candidate_line = "a=candidate:";

}  // namespace

std::string to_string(PortRange range) {
  return std::to_string(range.first) + "-" + std::to_string(range.last);
}

std::optional<PortRange> parse_port_range(std::string_view text) {
  constexpr int highest = 65535;
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = number_in(text.substr(0, dash), 1, highest);
  const auto last = number_in(text.substr(dash + 1), 1, highest);
  if (!first || !last || *last < *first) return std::nullopt;
  return PortRange{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

std::optional<std::string> MediaMap::map_candidate(std::string_view candidate) const {
  constexpr std::size_t address_at = 4;
  constexpr std::size_t port_at = 5;
  constexpr std::size_t type_at = 7;
  if (entries_.empty() || candidate.empty()) return std::string{candidate};
  auto words = words_of(candidate);
  if (words.size() <= type_at) return std::nullopt;
  if (words[type_at] != "host") return std::string{candidate};
  const auto port = number_in(words[port_at], 0, 65535);
  const auto* entry = port ? entry_for(entries_, words[address_at], *port) : nullptr;
  if (entry == nullptr) return std::nullopt;
  const auto mapped = std::to_string(*port - entry->guest_ports.first + entry->first_port);
  words[address_at] = entry->address;
  words[port_at] = mapped;
  std::string text;
  for (const auto word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

std::string MediaMap::map_sdp(std::string_view sdp) const {
  std::string mapped;
  mapped.reserve(sdp.size());
  while (!sdp.empty()) {
    const auto length = std::min(sdp.find('\n'), sdp.size() - 1) + 1;
    auto line = sdp.substr(0, length);
    sdp.remove_prefix(length);
    if (!line.starts_with(candidate_line)) {
      mapped += line;
      continue;
    }
    const auto end = std::min(line.find_first_of("\r\n"), line.size());
    if (const auto candidate = map_candidate(line.substr(0, end))) {
      mapped += *candidate;
      mapped += line.substr(end);
    }
  }
  return mapped;
}

std::optional<Json> MediaMap::map_message(Json body) const {
  if (entries_.empty() || !body.is_object()) return body;
  const auto text = [&](const char* name) -> const std::string* {
    const auto found = body.find(name);
    return found == body.end() ? nullptr : found->get_ptr<const std::string*>();
  };
  const auto* type = text("type");
  if (type == nullptr) return body;
  if (*type == "offer" || *type == "answer") {
    if (const auto* sdp = text("sdp")) body["sdp"] = map_sdp(*sdp);
  } else if (*type == "candidate") {
    const auto* candidate = text("candidate");
    if (candidate == nullptr) return body;
    auto mapped = map_candidate(*candidate);
    if (!mapped) return std::nullopt;
    body["candidate"] = std::move(*mapped);
  }
  return body;
}

}  // namespace aerie::network
