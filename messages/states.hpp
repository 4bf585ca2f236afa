#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aerie {

enum class SessionState { starting, ready, retiring, ended, failed };
enum class VmState { preparing, booting, linking, ready, stopping, stopped, failed };
enum class StreamState { down, starting, up, restarting, given_up };
enum class ViewerRole { host, viewer };

/// What a session passes through on its way, in the order in which the stages are usually reached.
enum class Stage {
  allocated,
  spawned,
  kernel,
  userland,
  linked,
  configured,
  display,
  stream,
  ready,
  first_viewer,
  first_frame,
};

/// Why the reaper proposes to end a session (contract, section 6).
enum class RetireReason {
  idle,
  max_age,
  requested,
  failed,
  superseded,
  disk_pressure,
  orphan,
  shutdown,
};

/// The names outside, with hyphens: `given-up`, `first-viewer`.
[[nodiscard]] std::string_view to_string(SessionState state);
[[nodiscard]] std::string_view to_string(VmState state);
[[nodiscard]] std::string_view to_string(StreamState state);
[[nodiscard]] std::string_view to_string(ViewerRole role);
[[nodiscard]] std::string_view to_string(Stage stage);
[[nodiscard]] std::string_view to_string(RetireReason reason);

[[nodiscard]] std::optional<SessionState> session_state(std::string_view name);
[[nodiscard]] std::optional<Stage> stage(std::string_view name);

/// True for `ended` and `failed`: nothing follows but the clean-up.
[[nodiscard]] constexpr bool is_final(SessionState state) {
  return state == SessionState::ended || state == SessionState::failed;
}

}  // namespace aerie
