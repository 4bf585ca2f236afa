#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "messages/cause.hpp"
#include "messages/states.hpp"
#include "messages/time.hpp"

/// The WebSocket protocol `aerie.signal.v1` (contract, section 4): what a client may say. What the
/// server says is built where it is said, numbered by `actors/session/viewer_log.hpp`.
namespace aerie::signaling {

inline constexpr std::size_t max_message_bytes = 64 * 1024;
inline constexpr std::uint16_t close_normal = 1000;
inline constexpr std::uint16_t close_policy = 1008;
inline constexpr std::uint16_t close_superseded = 4001;

struct Hello {
  std::string session;
  std::string token;
  ViewerRole role = ViewerRole::viewer;
  bool audio = false;
  std::string resume;  ///< empty: none
  std::uint64_t last_seq = 0;
};
struct Answer {
  std::uint64_t epoch = 0;
  std::string media = "main";
  std::string sdp;
};
struct Candidate {
  std::uint64_t epoch = 0;
  std::string media = "main";
  std::string candidate;  ///< empty: the end of candidates
  int sdp_m_line_index = 0;
  std::string sdp_mid;
};
struct Keep {
  std::string proposal;
  Duration for_time{0};
};
struct Release {
  std::string proposal;
};
enum class ControlAction { request, release, give, take };
struct Control {
  ControlAction action = ControlAction::request;
  std::string to;  ///< with `give`: a viewer's id
};
struct Renegotiate {
  std::string media = "main";
};
/// From now on the viewer wants sound, or does without it; a hello's `audio` says it first.
struct AudioWish {
  bool wanted = false;
};
struct Ping {
  Json nonce;
};

using ClientMessage =
    std::variant<Hello, Answer, Candidate, Keep, Release, Control, Renegotiate, Ping, AudioWish>;

/// An `error` message: a code of the contract's list, a sentence, and the field it is about.
struct Refusal {
  std::string code;
  std::string message;
  std::string field;
};

/// Ten refusals within a minute close a socket, but for those that a well-behaved client can earn.
[[nodiscard]] bool counts_against_client(std::string_view code);

[[nodiscard]] tl::expected<ClientMessage, Refusal> parse_client_message(std::string_view text);

[[nodiscard]] Json to_message(const Refusal& refusal);

}  // namespace aerie::signaling
