#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "guest/news_buffer.hpp"
#include "messages/link.hpp"
#include "runtime/process/frame_socket.hpp"
#include "runtime/process/handshake.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::guest {

/// The guest's end of the link: listens, lets a host prove itself, and obeys one at a time. A new
/// host that proves itself replaces the old. Without one, news are buffered. Lives on the reactor's
/// thread.
class HostLink {
 public:
  struct Events {
    std::function<void(link::HostMessage message)> on_message;
    /// A host proved itself; `is_first` for the first of this guest's life. What was buffered goes
    /// out before this is called.
    std::function<void(bool is_first)> on_linked;
    /// No host listens any more.
    std::function<void()> on_lost;
    /// Whether a profile arrived already, for `linked`.
    std::function<bool()> is_configured;
  };

  /// Takes a Unix stream socket that listens; it becomes non-blocking and close-on-exec.
  [[nodiscard]] static Result<std::unique_ptr<HostLink>> listen(Reactor& reactor, UniqueFd listener,
                                                                std::string secret, Events events);
  ~HostLink();
  HostLink(const HostLink&) = delete;
  HostLink& operator=(const HostLink&) = delete;

  /// Sends to the host, or keeps it for the next one. Log lines are dropped, and counted, while the
  /// host reads too slowly; events are not.
  void send(link::GuestMessage message);

  [[nodiscard]] bool is_linked() const { return host_ != nullptr; }

  /// What the next host must know to prove itself.
  void renew_secret(std::string secret) { secret_ = std::move(secret); }

  /// Calls `done` once the host was sent everything, or is gone; at once without a host.
  void when_sent(std::function<void()> done);

 private:
  /// A connection that has not proved itself yet.
  struct Candidate {
    Candidate(const std::string& secret) : handshake(secret) {}
    GuestHandshake handshake;
    bool has_answered = false;
    std::unique_ptr<FrameSocket> socket;
    TimerId deadline;
  };
  using Candidates = std::list<Candidate>;

  HostLink(Reactor& reactor, UniqueFd listener, std::string secret, Events events);
  void accept();
  void on_greeting(Candidates::iterator candidate, const Json& message);
  void drop(Candidates::iterator candidate);
  void admit(Candidates::iterator candidate);
  void on_frame(const Json& message);
  void lose_host();
  void note_exit(const link::GuestMessage& message);
  void send_last_words();
  void say_what_was_dropped();

  Reactor& reactor_;
  std::string secret_;
  Events events_;
  UniqueFd listener_;
  Watch listener_watch_;
  Candidates candidates_;
  std::unique_ptr<FrameSocket> host_;
  NewsBuffer buffer_;
  std::deque<link::GuestMessage> told_exits_;  ///< the last of them
  link::LogLines last_dropped_;                ///< the latest of them
  std::uint64_t dropped_lines_ = 0;
  bool was_linked_ = false;
};

}  // namespace aerie::guest
