#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/network/packet_filter.hpp"
#include "runtime/process/spawn.hpp"

namespace aerie::network {
namespace {

constexpr int longest_run_ms = 10'000;

Cause failed(const std::string& why) {
  return {CauseKind::network_failed,
          "The packet filter could not be set: " + why + ".",
          "The controller needs root or CAP_NET_ADMIN, the Debian package nftables and a kernel "
          "with nf_tables and NAT; or set guests.hostNetwork=true.",
          {}};
}

/// The script as a file without a name, so that no pipe can fill up.
Result<UniqueFd> file_of(const std::string& text) {
  UniqueFd file{::memfd_create("nft", MFD_CLOEXEC)};
  if (!file) return tl::unexpected(failed(std::string{"memfd_create: "} + std::strerror(errno)));
  std::size_t written = 0;
  while (written < text.size()) {
    const auto count = ::write(file.get(), text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return tl::unexpected(failed(std::string{"write: "} + std::strerror(errno)));
    written += static_cast<std::size_t>(count);
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// Reads what there is; false at the end.
bool read_some(int fd, std::string& text) {
  std::array<char, 8192> buffer{};
  const auto count = ::read(fd, buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
}

/// False where they did not end in time.
bool read_both(int out_fd, std::string& out, int err_fd, std::string& err) {
  std::array<pollfd, 2> waited{{{out_fd, POLLIN, 0}, {err_fd, POLLIN, 0}}};
  while (waited[0].fd >= 0 || waited[1].fd >= 0) {
    const int ready = ::poll(waited.data(), waited.size(), longest_run_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    for (auto& each : waited)
      if (each.revents != 0 && !read_some(each.fd, each.fd == out_fd ? out : err)) each.fd = -1;
  }
  return true;
}

/// What nft says first, without the place in the script.
std::string first_error(const std::string& said) {
  const auto line = said.substr(0, said.find('\n'));
  const auto at = line.find("Error: ");
  return at == std::string::npos ? line : line.substr(at + 7);
}

}  // namespace

Result<std::string> run_nft(const std::vector<std::string>& arguments, const std::string& script) {
  auto input = file_of(script);
  if (!input) return tl::unexpected(input.error());
  SpawnRequest request;
  request.argv = {"nft"};
  request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
  request.env = {{"PATH", "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin"}, {"LANG", "C.UTF-8"}};
  request.fds = {{input->get(), 0}};
  const auto child = spawn(request);
  if (!child) return tl::unexpected(failed(child.error().cause.message));
  std::string out;
  std::string err;
  const bool has_ended = read_both(child->out.get(), out, child->err.get(), err);
  if (!has_ended) ::kill(child->pid, SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(child->pid), &info, WEXITED) < 0 && errno == EINTR) {
  }
  if (!has_ended) return tl::unexpected(failed("nft did not end in time"));
  if (info.si_code != CLD_EXITED || info.si_status != 0)
    return tl::unexpected(failed("nft says: " + first_error(err)));
  return out;
}

}  // namespace aerie::network
