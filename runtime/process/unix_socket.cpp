#include "runtime/process/unix_socket.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/process/exit_verdict.hpp"

namespace aerie {
namespace {

constexpr int listen_backlog = 16;

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path) return std::nullopt;
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);  // as bind(2) wants it
}

std::string why(int error) {
  return std::string{std::strerror(error)} + " (" + errno_name(error) + ")";
}

Cause too_long(CauseKind kind, const std::string& path) {
  return {kind,
          "The socket path " + path + " has " + std::to_string(path.size()) +
              " bytes; a Unix socket's may have 1 to 107.",
          "Choose a shorter state directory.",
          {}};
}

UniqueFd stream_socket() {
  return UniqueFd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

Cause cannot_listen(const std::string& path, int error) {
  return {CauseKind::address_in_use,
          "The socket " + path + " cannot be listened on: " + why(error) + ".",
          error == EADDRINUSE ? "End the program that listens there, or choose another path."
                              : "Let this user write to the socket's directory.",
          {}};
}

/// A socket file that nobody listens on is left over from a program that was killed.
bool is_stale(const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const auto probe = stream_socket();
  return ::connect(probe.get(), generic(address), sizeof address) != 0 && errno == ECONNREFUSED;
}

}  // namespace

Result<UniqueFd> connect_unix(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return tl::unexpected(too_long(CauseKind::link_lost, path));
  auto fd = stream_socket();
  if (!fd || ::connect(fd.get(), generic(*address), sizeof *address) != 0) {
    const int error = errno;
    return tl::unexpected(
        Cause{CauseKind::link_lost,
              "The socket " + path + " cannot be connected to: " + why(error) + ".",
              "Look whether the program that listens there runs.",
              {}});
  }
  return fd;
}

Result<UniqueFd> listen_unix(const std::string& path, mode_t mode) {
  const auto address = address_of(path);
  if (!address) return tl::unexpected(too_long(CauseKind::address_in_use, path));
  auto fd = stream_socket();
  if (!fd) return tl::unexpected(cannot_listen(path, errno));
  // On Linux the mode of the descriptor becomes the file's, so no moment is open to others.
  ::fchmod(fd.get(), mode);
  int bound = ::bind(fd.get(), generic(*address), sizeof *address);
  if (bound != 0 && errno == EADDRINUSE && is_stale(*address)) {
    ::unlink(path.c_str());
    bound = ::bind(fd.get(), generic(*address), sizeof *address);
  }
  if (bound != 0) return tl::unexpected(cannot_listen(path, errno));
  if (::chmod(path.c_str(), mode) != 0 || ::listen(fd.get(), listen_backlog) != 0)
    return tl::unexpected(cannot_listen(path, errno));
  return fd;
}

UniqueFd accept_unix(int listener) {
  int fd = -1;
  do
    fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  while (fd < 0 && errno == EINTR);
  return UniqueFd{fd};
}

Result<std::pair<UniqueFd, UniqueFd>> unix_socket_pair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    return tl::unexpected(Cause{CauseKind::quota,
                                "No pair of sockets could be made: " + why(errno) + ".",
                                "Raise the limit of open files.",
                                {}});
  return std::pair{UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

}  // namespace aerie
