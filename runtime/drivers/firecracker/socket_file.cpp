#include "runtime/drivers/firecracker/socket_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

#include "runtime/process/unix_socket.hpp"

namespace aerie::firecracker {

Result<UniqueFd> connect_socket_file(const std::string& path) {
  const auto refuse = [&](const std::string& why) {
    return tl::unexpected(Cause{CauseKind::link_lost,
                                "The socket " + path + " cannot be connected to: " + why + ".",
                                "Look whether the VMM that listens there runs.",
                                {}});
  };
  const UniqueFd file{::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) return refuse(std::strerror(errno));
  if (!S_ISSOCK(facts.st_mode)) return refuse("it is no socket");
  auto socket = connect_unix("/proc/self/fd/" + std::to_string(file.get()));
  if (!socket) return refuse("nobody listens");
  return socket;
}

}  // namespace aerie::firecracker
