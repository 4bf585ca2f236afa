#include "guest/init/port_link.hpp"

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

Result<std::unique_ptr<PortLink>> PortLink::open(Reactor& reactor, UniqueFd port, Events events) {
  std::unique_ptr<PortLink> link{new PortLink{reactor, std::move(port), std::move(events)}};
  // Edge-triggered: without a host the port reports its hang-up for as long as one looks.
  auto watch = reactor.watch(link->port_.get(), EPOLLIN | EPOLLOUT | EPOLLET,
                             [self = link.get()](std::uint32_t) { self->on_port(); });
  if (!watch) return tl::unexpected(watch.error());
  link->port_watch_ = std::move(*watch);
  return link;
}

PortLink::PortLink(Reactor& reactor, UniqueFd port, Events events)
    : reactor_(reactor), events_(std::move(events)), port_(std::move(port)) {}

// -- the host's side ------------------------------------------------------------------------------

void PortLink::on_port() {
  write_port();
  read_port();
  read_inner();
}

void PortLink::read_port() {
  std::array<char, chunk> buffer{};
  for (;;) {
    const auto count = ::read(port_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // nothing more for now
    if (count == 0) {       // the host is gone, and what it began to say with it
      decoder_ = {};
      return end_connection();
    }
    const auto frames = decoder_.feed({buffer.data(), static_cast<std::size_t>(count)});
    if (!frames) {
      say(frames.error().message);
      decoder_ = {};
      end_connection();
      continue;
    }
    for (const auto& frame : *frames)
      on_frame(frame);
  }
}

void PortLink::on_frame(const Json& frame) {
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

void PortLink::write_port() {
  while (!to_host_.empty()) {
    const auto count = ::write(port_.get(), to_host_.data(), to_host_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    to_host_.erase(0, static_cast<std::size_t>(count));
  }
  update_inner();
}

// -- the guest's side -----------------------------------------------------------------------------

void PortLink::begin_connection() {
  end_connection();
  inner_ = events_.connect();
  if (!inner_) return;
  auto watch =
      reactor_.watch(inner_.get(), EPOLLIN, [this](std::uint32_t events) { on_inner(events); });
  if (!watch) return end_connection();
  inner_watch_ = std::move(*watch);
}

void PortLink::end_connection() {
  inner_watch_.reset();
  inner_.reset();
  to_inner_.clear();
  to_host_.clear();
}

void PortLink::on_inner(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) write_inner();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_inner();
}

void PortLink::read_inner() {
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
    write_port();
  }
  update_inner();
}

void PortLink::write_inner() {
  while (inner_ && !to_inner_.empty()) {
    const auto count = ::send(inner_.get(), to_inner_.data(), to_inner_.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    to_inner_.erase(0, static_cast<std::size_t>(count));
  }
  update_inner();
}

/// What the host has not read yet is not added to.
void PortLink::update_inner() {
  if (!inner_watch_) return;
  inner_watch_.set_events((to_host_.empty() ? EPOLLIN : 0U) |
                          (to_inner_.empty() ? 0U : static_cast<std::uint32_t>(EPOLLOUT)));
}

}  // namespace aerie::init
