#pragma once

#include <string>
#include <sys/types.h>
#include <utility>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// All descriptors made here are close-on-exec and non-blocking. A path above 107 bytes (unix(7))
/// is `link_lost` for connecting and `address_in_use` for listening, with a remedy.

/// Connects to a listening stream socket. `link_lost` names the path and why.
[[nodiscard]] Result<UniqueFd> connect_unix(const std::string& path);

/// Listens at `path` with this mode (0600 when nothing else is said), replacing a stale socket that
/// nobody listens on; `address_in_use` when somebody does.
[[nodiscard]] Result<UniqueFd> listen_unix(const std::string& path, mode_t mode = 0600);

/// Accepts one connection; an invalid descriptor when none waits.
[[nodiscard]] UniqueFd accept_unix(int listener);

/// Two connected stream sockets.
[[nodiscard]] Result<std::pair<UniqueFd, UniqueFd>> unix_socket_pair();

}  // namespace aerie
