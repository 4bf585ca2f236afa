#include "guest/host_link.hpp"

#include <cstdio>
#include <fcntl.h>
#include <sys/epoll.h>
#include <utility>

#include "guest/log_frames.hpp"
#include "runtime/process/unix_socket.hpp"

namespace aerie::guest {
namespace {

constexpr std::size_t max_candidates = 4;
constexpr std::size_t max_told_exits = 32;
constexpr Duration handshake_within{5000};
/// Half of a socket's bound stays free for events.
constexpr std::size_t log_backlog = max_queued_bytes / 2;

void complain(const std::string& text) {
  std::fprintf(stderr, "aerie-guest: %s\n", text.c_str());
}

}  // namespace

Result<std::unique_ptr<HostLink>> HostLink::listen(Reactor& reactor, UniqueFd listener,
                                                   std::string secret, Events events) {
  ::fcntl(listener.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(listener.get(), F_SETFD, FD_CLOEXEC);
  std::unique_ptr<HostLink> link{
      new HostLink{reactor, std::move(listener), std::move(secret), std::move(events)}};
  auto watch = reactor.watch(link->listener_.get(), EPOLLIN,
                             [self = link.get()](std::uint32_t) { self->accept(); });
  if (!watch) return tl::unexpected(watch.error());
  link->listener_watch_ = std::move(*watch);
  return link;
}

HostLink::HostLink(Reactor& reactor, UniqueFd listener, std::string secret, Events events)
    : reactor_(reactor),
      secret_(std::move(secret)),
      events_(std::move(events)),
      listener_(std::move(listener)) {}

HostLink::~HostLink() {
  while (!candidates_.empty())
    drop(candidates_.begin());
}

// -- who comes ------------------------------------------------------------------------------------

void HostLink::accept() {
  auto fd = accept_unix(listener_.get());
  if (!fd) return;
  if (candidates_.size() == max_candidates) drop(candidates_.begin());
  candidates_.emplace_back(secret_);
  const auto candidate = std::prev(candidates_.end());
  candidate->socket = std::make_unique<FrameSocket>(
      reactor_, std::move(fd),
      FrameSocket::Events{
          [this, candidate](const Json& message) { on_greeting(candidate, message); },
          [this, candidate](const Cause&) { drop(candidate); }});
  candidate->deadline = reactor_.after(handshake_within, [this, candidate] { drop(candidate); });
}

void HostLink::on_greeting(Candidates::iterator candidate, const Json& message) {
  if (!candidate->has_answered) {
    const auto answer = candidate->handshake.answer(message);
    if (answer) {
      candidate->has_answered = true;
      candidate->socket->send(*answer);
      return;
    }
    complain(answer.error().message);
  } else if (const auto checked = candidate->handshake.check(message)) {
    return admit(candidate);
  } else {
    complain(checked.error().message);
  }
  drop(candidate);
}

void HostLink::drop(Candidates::iterator candidate) {
  reactor_.cancel(candidate->deadline);
  candidates_.erase(candidate);
}

void HostLink::admit(Candidates::iterator candidate) {
  host_ = std::move(candidate->socket);
  drop(candidate);
  host_->set_events({[this](const Json& message) { on_frame(message); },
                     [this](const Cause& cause) {
                       complain(cause.message);
                       lose_host();
                     }});
  const bool is_first = !std::exchange(was_linked_, true);
  host_->send(to_frame(link::Linked{events_.is_configured()}));
  // The host before may have ended before it wrote down what it had read: this one knows which.
  for (const auto& exit : told_exits_)
    host_->send(fitting_frame(exit));
  for (auto& message : buffer_.take())
    send(std::move(message));
  events_.on_linked(is_first);
}

// -- what is said ---------------------------------------------------------------------------------

void HostLink::on_frame(const Json& message) {
  auto parsed = link::parse_host_message(message);
  if (parsed) return events_.on_message(std::move(*parsed));
  complain(parsed.error().message);
  lose_host();
}

void HostLink::lose_host() {
  host_.reset();
  events_.on_lost();
}

void HostLink::send(link::GuestMessage message) {
  if (!host_) return buffer_.add(std::move(message));
  if (const auto* log = std::get_if<link::LogLines>(&message)) {
    if (host_->queued() > log_backlog) {
      dropped_lines_ += log->lines.size();
      last_dropped_ = *log;
      return;
    }
    say_what_was_dropped();
  } else if (std::holds_alternative<link::ChildNews>(message)) {
    send_last_words();
  }
  note_exit(message);
  host_->send(fitting_frame(std::move(message)));
}

void HostLink::note_exit(const link::GuestMessage& message) {
  const auto* news = std::get_if<link::ChildNews>(&message);
  if (news == nullptr || news->kind != link::ChildNewsKind::exited) return;
  told_exits_.push_back(message);
  if (told_exits_.size() > max_told_exits) told_exits_.pop_front();
}

/// What was said last before news of a child may be why there is news: events have room for it.
void HostLink::send_last_words() {
  if (dropped_lines_ == 0) return;
  dropped_lines_ -= last_dropped_.lines.size();
  say_what_was_dropped();
  host_->send(to_frame(link::GuestMessage{std::move(last_dropped_)}));
  last_dropped_ = {};
}

void HostLink::say_what_was_dropped() {
  const auto count = std::exchange(dropped_lines_, 0);
  if (count == 0) return;
  host_->send(to_frame(
      link::LogLines{last_dropped_.child,
                     true,
                     {"aerie: " + std::to_string(count) +
                      " lines of the guest were dropped here: the controller read too slowly"}}));
}

void HostLink::when_sent(std::function<void()> done) {
  if (!host_) return done();
  host_->when_sent(std::move(done));
}

}  // namespace aerie::guest
