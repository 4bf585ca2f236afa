#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"

namespace aerie::network {

/// UDP ports FIRST to LAST, both included.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  [[nodiscard]] int size() const { return last - first + 1; }
  [[nodiscard]] bool contains(int port) const { return port >= first && port <= last; }
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

/// `50000-50015`, the form of AERIE_MEDIA_PORTS and of the configuration.
[[nodiscard]] std::string to_string(PortRange range);
/// None where the text is no range of ports from 1 on, or its end is below its beginning.
[[nodiscard]] std::optional<PortRange> parse_port_range(std::string_view text);

/// Where the media ports of one guest are found from outside: what its ICE candidates (RFC 8839)
/// must say instead of what the guest itself sees. A guest's host candidate that no entry fits is
/// left out, for nobody outside could reach it; those of STUN and TURN servers pass as they are.
/// An empty map changes nothing.
class MediaMap {
 public:
  struct Entry {
    std::string guest_address;  ///< as the guest sees it; empty: any
    PortRange guest_ports;
    std::string address;           ///< in its place
    std::uint16_t first_port = 0;  ///< in place of `guest_ports.first`, the others after it

    friend bool operator==(const Entry&, const Entry&) = default;
  };

  MediaMap() = default;
  explicit MediaMap(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  /// `candidate:…`, with or without `a=`. None: it is left out.
  [[nodiscard]] std::optional<std::string> map_candidate(std::string_view candidate) const;
  /// The candidate lines of a session description; all others stay as they are.
  [[nodiscard]] std::string map_sdp(std::string_view sdp) const;
  /// A message of the streamer (`link::StreamSays`): `offer`, `answer` and `candidate`. None:
  /// nothing is left to say. An empty candidate (the end of them) passes.
  [[nodiscard]] std::optional<Json> map_message(Json body) const;

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  friend bool operator==(const MediaMap&, const MediaMap&) = default;

 private:
  std::vector<Entry> entries_;
};

}  // namespace aerie::network
