#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "messages/cause.hpp"
#include "messages/exit_record.hpp"
#include "messages/login.hpp"
#include "messages/profile.hpp"
#include "messages/provider.hpp"
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

/// `login`: where an attempt to log in stands.
struct LoginNews {
  std::uint64_t attempt = 0;
  LoginState state = LoginState::starting;
  std::string url;  ///< with `awaiting-user`: http or https, without control characters
  std::optional<Cause> cause;
};

/// All parts of a credential together.
inline constexpr std::size_t max_credential_bytes = 512 * 1024;
inline constexpr std::size_t max_credential_part_bytes = 32 * 1024;
inline constexpr std::size_t max_credential_files = 16;

/// `credential`: a part of a file that the tool left, before the attempt is `completed`. Sealed in
/// the guest (libsodium's crypto_box_seal) to the key of `LoginOrder`: nobody on the way reads it.
struct CredentialPart {
  std::uint64_t attempt = 0;
  std::size_t part = 0;   ///< its number within the file
  std::size_t file = 0;   ///< its number, from 0
  std::string name;       ///< as the provider names it
  std::size_t bytes = 0;  ///< of the whole file, before it was sealed
  std::string sealed;     ///< base64; parts of one file are joined in their order
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

using GuestMessage = std::variant<Linked, Configured, ChildNews, LogLines, StreamSays, AllReady,
                                  Held, Finished, LoginNews, CredentialPart>;

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
  std::int64_t file_bytes = 0;  ///< the largest file that viewers may send or fetch; 0: none
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
  std::int64_t file_bytes = 0;  ///< as of `Configure`
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

/// `login`: to the builtin of that name.
struct LoginOrder {
  std::uint64_t attempt = 0;         ///< one that began already is not begun again
  std::optional<Provider> provider;  ///< begin; none: cancel
  std::string seal_key;              ///< with `provider`: an X25519 public key, base64
};

using HostMessage =
    std::variant<Configure, Renew, Assign, RestartChild, KillChild, Stop, StreamSays, LoginOrder>;

[[nodiscard]] Result<HostMessage> parse_host_message(const Json& frame);
[[nodiscard]] Json to_frame(const HostMessage& message);

}  // namespace aerie::link
