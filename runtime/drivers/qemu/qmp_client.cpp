#include "runtime/drivers/qemu/qmp_client.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace aerie {
namespace {

/// Commands are short and few: the socket's buffer takes them whole.
bool send_with_descriptor(int socket, const std::string& text, int descriptor) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    auto* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

Cause failed(const std::string& command, const std::string& why) {
  return {CauseKind::vmm_failed,
          "QEMU refused '" + command + "': " + why + ".",
          "Look at the VMM's log; another version of QEMU may be installed.",
          {}};
}

}  // namespace

QmpClient::QmpClient(Reactor& reactor, UniqueFd socket, Events events)
    : socket_(std::move(socket)), events_(std::move(events)) {
  auto watch = reactor.watch(socket_.get(), EPOLLIN, [this](std::uint32_t) { on_readable(); });
  if (watch) watch_ = std::move(*watch);
  execute("qmp_capabilities", Json::object(), [](const Result<Json>&) {});
}

void QmpClient::execute(const std::string& command, const Json& arguments, Done done,
                        int descriptor) {
  const Cause gone{CauseKind::vmm_exited, "QEMU's monitor is gone.", "Look at the VMM's log.", {}};
  if (is_lost_) return done(tl::unexpected(gone));
  const auto text = Json{{"execute", command}, {"arguments", arguments}}.dump() + "\n";
  waiting_.push_back({command, std::move(done)});
  if (!send_with_descriptor(socket_.get(), text, descriptor)) lose(gone);
}

void QmpClient::on_readable() {
  std::array<char, 16384> buffer{};
  const auto count = ::read(socket_.get(), buffer.data(), buffer.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0)
    return lose({CauseKind::vmm_exited, "QEMU closed its monitor.", "Look at the VMM's log.", {}});
  for (const auto& line : lines_.feed({buffer.data(), static_cast<std::size_t>(count)})) {
    const auto message = Json::parse(line, nullptr, false);
    if (message.is_object()) on_message(message);
    if (is_lost_) return;
  }
}

void QmpClient::on_message(const Json& message) {
  if (const auto event = message.find("event"); event != message.end() && event->is_string()) {
    if (events_.on_event)
      events_.on_event(event->get<std::string>(), message.value("data", Json::object()));
    return;
  }
  const bool is_answer = message.contains("return") || message.contains("error");
  if (!is_answer || waiting_.empty()) return;  // the greeting
  auto waiting = std::move(waiting_.front());
  waiting_.pop_front();
  if (const auto error = message.find("error"); error != message.end())
    return waiting.done(tl::unexpected(
        failed(waiting.command, error->is_object() ? error->value("desc", "") : "")));
  waiting.done(message.at("return"));
}

void QmpClient::lose(const Cause& cause) {
  if (std::exchange(is_lost_, true)) return;
  watch_.reset();
  socket_.reset();
  for (auto& waiting : std::exchange(waiting_, {}))
    waiting.done(tl::unexpected(cause));
  if (events_.on_lost) events_.on_lost(cause);
}

}  // namespace aerie
