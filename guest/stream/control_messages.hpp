#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "messages/cause.hpp"

namespace aerie::stream {

/// Names one peer; counts per session (contract, section 4).
using Epoch = std::int64_t;

enum class Codec { h264, vp8, vp9 };

[[nodiscard]] std::string_view to_string(Codec codec);
[[nodiscard]] std::optional<Codec> codec_named(std::string_view name);

/// One STUN or TURN server as WebRTC's RTCIceServer gives it.
struct IceServer {
  std::vector<std::string> urls;
  std::string username;
  std::string credential;
};

/// What the supervisor says to the streamer, one struct a message.
struct Configure {
  int width = 0;                ///< pixels, 64 to 3840
  int height = 0;               ///< pixels, 64 to 2160
  int fps = 0;                  ///< most frames a second for changes, 1 to 120
  bool follows = false;         ///< the viewer in control may change the display's size
  std::int64_t file_bytes = 0;  ///< the largest file of a viewer's, or for one; 0: none
  std::vector<IceServer> ice_servers;
  std::vector<Codec> codecs;  ///< in order of preference, never empty
};
struct AddPeer {
  Epoch epoch;
  std::string offer;      ///< a player's, which is to be answered; empty: the streamer offers
  bool is_audio = false;  ///< a peer for sound, which the streamer offers; else for pictures
  /// The same viewer's peer for pictures, which lives until this one has been connected a while.
  std::optional<Epoch> beside = {};
};
struct Answer {
  Epoch epoch;
  std::string sdp;
};
struct Candidate {
  Epoch epoch;
  std::string candidate;  ///< empty: no more of them
  std::uint32_t line = 0;
};
struct RemovePeer {
  Epoch epoch;
};
struct GiveControl {
  std::optional<Epoch> epoch;
};
struct Ping {
  Json nonce;
};
/// Part 0 has the picture taken; the others are of that one.
struct AskScreenshot {
  std::int64_t id = 0;
  std::size_t part = 0;
};

using ControlMessage = std::variant<Configure, AddPeer, Answer, Candidate, RemovePeer, GiveControl,
                                    Ping, AskScreenshot>;

/// Reads `vp8,h264`: codecs in order of preference; the error is a clause.
[[nodiscard]] tl::expected<std::vector<Codec>, std::string> parse_codecs(std::string_view list);

/// Reads a list of RTCIceServer objects, 8 at most; the error is a sentence.
[[nodiscard]] tl::expected<std::vector<IceServer>, std::string> parse_ice_servers(const Json& list);

/// Reads a message of the supervisor. `link_violation` names the field that is wrong.
[[nodiscard]] Result<ControlMessage> parse_control(const Json& message);

}  // namespace aerie::stream
