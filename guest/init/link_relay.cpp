#include "guest/init/link_relay.hpp"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guest/init/fault.hpp"

namespace aerie::init {
namespace {

constexpr std::size_t chunk = 32UL * 1024;
constexpr std::size_t most_queued = 1024UL * 1024;

}  // namespace

LinkRelay::LinkRelay(Reactor& reactor, LinkEvents events, Write write)
    : reactor_(reactor), events_(std::move(events)), write_(std::move(write)) {}

// -- the host's side ------------------------------------------------------------------------------

bool LinkRelay::feed(std::string_view bytes) {
  const auto frames = decoder_.feed(bytes);
  if (!frames) {
    say(frames.error().message);
    host_gone();
    return false;
  }
  for (const auto& frame : *frames)
    on_frame(frame);
  return true;
}

void LinkRelay::host_gone() {
  decoder_ = {};
  end_connection();
}

void LinkRelay::flush() {
  write_host();
  read_inner();
}

void LinkRelay::on_frame(const Json& frame) {
  const auto found = frame.find("type");
  const auto type =
      found != frame.end() && found->is_string() ? found->get<std::string>() : std::string{};
  if (type == "birth" || type == "renew") return events_.on_machine_message(frame);
  if (type == "hello") begin_connection();
  if (!inner_) return;
  auto bytes = encode_frame(frame);
  if (!bytes || to_inner_.size() + bytes->size() > most_queued) return end_connection();
  to_inner_ += *bytes;
  write_inner();
}

void LinkRelay::write_host() {
  while (!to_host_.empty()) {
    const auto count = write_(to_host_);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    to_host_.erase(0, static_cast<std::size_t>(count));
  }
  update_inner();
}

// -- the guest's side -----------------------------------------------------------------------------

void LinkRelay::begin_connection() {
  end_connection();
  inner_ = events_.connect();
  if (!inner_) return;
  auto watch =
      reactor_.watch(inner_.get(), EPOLLIN, [this](std::uint32_t events) { on_inner(events); });
  if (!watch) return end_connection();
  inner_watch_ = std::move(*watch);
}

void LinkRelay::end_connection() {
  inner_watch_.reset();
  inner_.reset();
  to_inner_.clear();
  to_host_.clear();
}

void LinkRelay::on_inner(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) write_inner();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_inner();
}

void LinkRelay::read_inner() {
  std::array<char, chunk> buffer{};
  while (inner_ && to_host_.empty()) {
    const auto count = ::read(inner_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      inner_watch_.reset();
      inner_.reset();
      to_inner_.clear();
      return;
    }
    to_host_.append(buffer.data(), static_cast<std::size_t>(count));
    write_host();
  }
  update_inner();
}

void LinkRelay::write_inner() {
  while (inner_ && !to_inner_.empty()) {
    const auto count = ::send(inner_.get(), to_inner_.data(), to_inner_.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    to_inner_.erase(0, static_cast<std::size_t>(count));
  }
  update_inner();
}

/// What the host has not read yet is not added to.
void LinkRelay::update_inner() {
  if (!inner_watch_) return;
  inner_watch_.set_events((to_host_.empty() ? EPOLLIN : 0U) |
                          (to_inner_.empty() ? 0U : static_cast<std::uint32_t>(EPOLLOUT)));
}

}  // namespace aerie::init
