#include "guest/login/browser_door.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "guest/login/address.hpp"
#include "runtime/process/unix_socket.hpp"

namespace aerie::login {
namespace {

namespace fs = std::filesystem;

constexpr std::array names{
    "browser", "xdg-open", "sensible-browser", "x-www-browser", "www-browser", "gio-open", "open"};
constexpr const char* door_variable = "AERIE_LOGIN_DOOR";
constexpr std::size_t most_visitors = 16;

Cause failed(const std::string& what) {
  return {CauseKind::sandbox_failed,
          "No place for the log-in tool's browser could be made: " + what + ".",
          "The guest's XDG_RUNTIME_DIR or TMPDIR must be writable.",
          {}};
}

/// Waits until the descriptor may be used; false after its end.
bool wait_for(int fd, short events) {
  pollfd waited{fd, events, 0};
  while (::poll(&waited, 1, -1) < 0)
    if (errno != EINTR) return false;
  return (waited.revents & events) != 0;
}

}  // namespace

Result<std::unique_ptr<BrowserDoor>> BrowserDoor::open(
    Reactor& reactor, std::function<bool(const std::string&)> on_address) {
  std::unique_ptr<BrowserDoor> door{new BrowserDoor{reactor, std::move(on_address)}};
  if (auto made = door->make(); !made) return tl::unexpected(made.error());
  return door;
}

BrowserDoor::BrowserDoor(Reactor& reactor, std::function<bool(const std::string&)> on_address)
    : reactor_(reactor), on_address_(std::move(on_address)) {}

BrowserDoor::~BrowserDoor() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

Result<void> BrowserDoor::make() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  std::error_code error;
  const auto parent = runtime != nullptr && fs::is_directory(runtime, error)
                          ? fs::path{runtime}
                          : fs::temp_directory_path(error);
  auto folder = (parent / "aerie-login-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr)
    return tl::unexpected(failed(folder + ": " + std::strerror(errno)));
  folder_ = folder;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  fs::create_directory(folder_ + "/bin", error);
  for (const auto* name : names)
    if (!error) fs::create_symlink(program, folder_ + "/bin/" + name, error);
  if (error) return tl::unexpected(failed(folder_ + "/bin: " + error.message()));
  auto listener = listen_unix(folder_ + "/door");
  if (!listener) return tl::unexpected(listener.error());
  listener_ = std::move(*listener);
  auto watch = reactor_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
  if (!watch) return tl::unexpected(watch.error());
  watch_ = std::move(*watch);
  return {};
}

std::vector<std::pair<std::string, std::string>> BrowserDoor::environment(
    const std::string& path) const {
  return {{"PATH", folder_ + "/bin" + (path.empty() ? "" : ":" + path)},
          {"BROWSER", folder_ + "/bin/" + names.front()},
          {door_variable, folder_ + "/door"}};
}

void BrowserDoor::accept() {
  auto fd = accept_unix(listener_.get());
  if (!fd) return;
  if (visitors_.size() == most_visitors) visitors_.pop_front();
  const auto visitor = visitors_.insert(visitors_.end(), nullptr);
  *visitor = std::make_unique<FrameSocket>(
      reactor_, std::move(fd),
      FrameSocket::Events{[this, visitor](const Json& message) { answer(visitor, message); },
                          [this, visitor](const Cause&) { visitors_.erase(visitor); }});
}

void BrowserDoor::answer(Visitors::iterator visitor, const Json& message) {
  const auto found = message.find("address");
  const auto address =
      found != message.end() && found->is_string() ? found->get<std::string>() : std::string{};
  (*visitor)->send({{"opened", is_address(address) && on_address_(address)}});
}

bool is_knocking(const std::string& program) {
  const auto name = fs::path{program}.filename().string();
  return std::find(names.begin(), names.end(), name) != names.end();
}

int knock(const std::vector<std::string>& arguments) {
  const auto address = std::find_if(arguments.begin(), arguments.end(), is_address);
  const char* door = std::getenv(door_variable);
  if (address == arguments.end() || door == nullptr) {
    std::fprintf(stderr, "Only addresses of http and https are opened here.\n");
    return 2;
  }
  const auto socket = connect_unix(door);
  const auto frame = encode_frame({{"address", *address}});
  if (!socket || !frame) return 1;
  for (std::string_view rest{*frame}; !rest.empty();) {
    const auto count = ::write(socket->get(), rest.data(), rest.size());
    if (count > 0)
      rest.remove_prefix(static_cast<std::size_t>(count));
    else if ((errno != EAGAIN && errno != EINTR) || !wait_for(socket->get(), POLLOUT))
      return 1;
  }
  FrameDecoder decoder;
  std::array<char, 512> buffer;
  while (wait_for(socket->get(), POLLIN)) {
    const auto count = ::read(socket->get(), buffer.data(), buffer.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count <= 0) return 1;
    const auto messages = decoder.feed({buffer.data(), static_cast<std::size_t>(count)});
    if (!messages) return 1;
    if (!messages->empty()) return messages->front().value("opened", false) ? 0 : 1;
  }
  return 1;
}

}  // namespace aerie::login
