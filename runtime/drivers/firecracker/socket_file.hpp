#pragma once

#include <string>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::firecracker {

/// Connects to a Unix socket that a VMM has made: its file is not gone through if it is a link, for
/// a VMM that was taken over could let it lead anywhere. The path may be longer than unix(7)
/// allows. `link-lost` names the path and why.
[[nodiscard]] Result<UniqueFd> connect_socket_file(const std::string& path);

}  // namespace aerie::firecracker
