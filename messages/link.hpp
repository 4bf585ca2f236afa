#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "messages/cause.hpp"
#include "messages/exit_record.hpp"
#include "messages/profile.hpp"
#include "messages/shared_value.hpp"
#include "messages/time.hpp"

/// What controller and guest say to each other over the link (contract, section 10), after the
/// handshake (`runtime/process/handshake.hpp`): frames of `messages/frame.hpp`, each with a `type`.
namespace aerie::link {

inline constexpr int protocol_version = 1;
inline constexpr std::size_t max_lines_per_frame = 64;

// -- from the guest ------------------------------------------------------------------------------

enum class ChildNewsKind { started, ready, exited, restarting, given_up };

/// `child`: what became of a child of the profile.
struct ChildNews {
  ChildNewsKind kind = ChildNewsKind::started;
  std::string child;
  std::int64_t pid = 0;  ///< in the guest's own numbering; 0: it never ran
  int restarts = 0;
  std::optional<ExitRecord> exit;    ///< with `exited` and `given_up`
  std::optional<Duration> retry_in;  ///< with `restarting`
  std::string detail;                ///< the supervisor's decision as a sentence
  std::optional<Cause> cause;        ///< with `restarting` and `given_up`
};

/// `log`: whole lines of one child, in order.
struct LogLines {
  std::string child;
  bool is_error = false;  ///< of standard error
  std::vector<std::string> lines;
};

/// `stream`: the streamer's words, see `guest/stream`; relayed as they are.
struct StreamSays {
  Json body;
};

/// `linked`: the handshake is complete. `configured`: the profile arrived and starts.
struct Linked {
  bool configured = false;  ///< true where a controller is adopting a running guest
};
struct Configured {};

/// `ready`: every child was ready once.
struct AllReady {};

/// `held`: of a guest that is to be saved. Every child before the streamer is ready, and a streamer
/// stands by that has begun nothing yet.
struct Held {};

/// `finished`: the supervisor of the children ended; the guest will exit.
struct Finished {
  std::optional<Cause> cause;  ///< none where the stop was asked for
};

using GuestMessage =
    std::variant<Linked, Configured, ChildNews, LogLines, StreamSays, AllReady, Held, Finished>;

/// Reads a guest's frame. The guest is hostile: unknown types, missing or oversized fields, names
/// outside the contract's pattern and control characters in names give `link_violation`.
[[nodiscard]] Result<GuestMessage> parse_guest_message(const Json& frame);
[[nodiscard]] Json to_frame(const GuestMessage& message);

// -- to the guest --------------------------------------------------------------------------------

/// `configure`: what to run. Once in a guest's life.
struct Configure {
  std::string vm;
  SharedValue<Profile> profile;
  std::string session;  ///< empty for a guest of the warm pool
  std::string url;
  std::vector<std::pair<std::string, std::string>> env;
  DisplaySize display;
  Json ice_servers = Json::array();
  Duration orphan_after{0};  ///< without a controller for longer, the guest stops
  Duration max_age{0};
  bool is_template =
      false;  ///< the streamer waits for `renew-guest`: the guest is to be saved before
};

/// `renew-guest`: the guest goes on from a saved state, as another one. What told it from others is
/// replaced, and its streamer, whose secrets must be its own, is started.
struct Renew {
  std::string secret;  ///< of the link, from the next connection on
  std::string vm;
  Json ice_servers = Json::array();
  Duration orphan_after{0};
};

/// `assign`: a warm guest becomes a session's.
struct Assign {
  std::string session;
  std::string url;
  Duration max_age{0};
};

struct RestartChild {
  std::string child;
  std::string by;
};
struct KillChild {
  std::string child;
  int signal = 9;
  std::string by;
};

/// `stop`: stop the children in reverse order, flush, exit.
struct Stop {
  std::string by;
};

using HostMessage =
    std::variant<Configure, Renew, Assign, RestartChild, KillChild, Stop, StreamSays>;

[[nodiscard]] Result<HostMessage> parse_host_message(const Json& frame);
[[nodiscard]] Json to_frame(const HostMessage& message);

}  // namespace aerie::link
