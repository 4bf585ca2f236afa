#include "runtime/cli/console_client.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>

#include "runtime/process/unix_socket.hpp"

namespace aerie::cli {
namespace {

tl::unexpected<Cause> broken(const std::string& why) {
  return tl::unexpected(Cause{CauseKind::link_lost,
                              "The connection to the controller broke: " + why + ".",
                              "See whether aerie serve still runs, and its log.",
                              {}});
}

bool wait_for(int fd, short events) {
  pollfd waited{fd, events, 0};
  int ready = 0;
  do
    ready = ::poll(&waited, 1, -1);
  while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace

Result<ConsoleClient> ConsoleClient::connect(const std::string& state) {
  auto fd = connect_unix(state + "/console.sock");
  if (fd) return ConsoleClient{std::move(*fd)};
  return tl::unexpected(
      Cause{CauseKind::link_lost,
            "No controller answers in " + state + ": " + fd.error().message,
            "Start it with aerie serve, or name its state directory with --state.",
            {}});
}

Result<void> ConsoleClient::run(std::int64_t id, const std::string& line) {
  return send({{"id", id}, {"line", line}});
}

Result<void> ConsoleClient::stop(std::int64_t id) {
  return send({{"id", id}, {"stop", true}});
}

Result<void> ConsoleClient::send(const Json& message) {
  const auto text = message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  std::string_view left = text;
  while (!left.empty()) {
    const auto count = ::send(fd_.get(), left.data(), left.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN && wait_for(fd_.get(), POLLOUT)) continue;
    if (count <= 0) return broken(std::generic_category().message(errno));
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<Json> ConsoleClient::next() {
  for (;;) {
    if (auto message = take()) return *std::move(message);
    if (auto received = receive(true); !received) return tl::unexpected(received.error());
  }
}

Result<std::optional<Json>> ConsoleClient::poll() {
  for (;;) {
    if (auto message = take()) return message;
    const auto received = receive(false);
    if (!received) return tl::unexpected(received.error());
    if (!*received) return std::optional<Json>{};
  }
}

std::optional<Json> ConsoleClient::take() {
  for (;;) {
    const auto end = input_.find('\n', searched_);
    if (end == std::string::npos) {
      searched_ = input_.size();
      return std::nullopt;
    }
    auto message = Json::parse(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(end),
                               nullptr, false);
    input_.erase(0, end + 1);
    searched_ = 0;
    if (message.is_object()) return message;
  }
}

Result<bool> ConsoleClient::receive(bool may_wait) {
  std::array<char, 64 * 1024> buffer{};
  for (;;) {
    const auto count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (count > 0) {
      input_.append(buffer.data(), static_cast<std::size_t>(count));
      return true;
    }
    if (count == 0) return broken("it ended");
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return broken(std::generic_category().message(errno));
    if (!may_wait) return false;
    if (!wait_for(fd_.get(), POLLIN)) return broken("it can't be waited for");
  }
}

}  // namespace aerie::cli
