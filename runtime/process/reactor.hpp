#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "messages/cause.hpp"
#include "messages/time.hpp"

namespace aerie {

class ReactorLoop;

/// Watches a descriptor while it lives. It must go, on the reactor's thread, before the descriptor
/// is closed: a forked sibling may keep the description alive, and stale events would follow.
/// Declare it after the `UniqueFd` it watches. May be destroyed inside its own callback.
class Watch {
 public:
  Watch() = default;
  Watch(std::weak_ptr<ReactorLoop> loop, std::uint64_t id) : loop_(std::move(loop)), id_(id) {}
  Watch(Watch&& other) noexcept;
  Watch& operator=(Watch&& other) noexcept;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { reset(); }

  /// Stops watching (EPOLL_CTL_DEL); no callback comes afterwards.
  void reset();
  /// Replaces the set of events; for example adds `EPOLLOUT` while there is something to write.
  void set_events(std::uint32_t events);
  explicit operator bool() const { return id_ != 0; }

 private:
  std::weak_ptr<ReactorLoop> loop_;
  std::uint64_t id_ = 0;
};

/// Names a timer; the default value names none.
struct TimerId {
  std::chrono::steady_clock::time_point due{};
  std::uint64_t sequence = 0;

  friend auto operator<=>(const TimerId&, const TimerId&) = default;
};

/// The thread that waits for children, pipes, sockets and timers: one epoll set.
///
/// All callbacks run on its thread, one at a time. Except for `post`, `call`, `stop` and
/// `on_thread`, everything here is called on that thread. An exception that a callback lets go is
/// written to standard error and goes no further.
class Reactor {
 public:
  using Task = std::function<void()>;
  using FdCallback = std::function<void(std::uint32_t events)>;

  /// Starts the thread, with every signal blocked in it. Throws `std::system_error` when the
  /// kernel gives no epoll set, eventfd, timerfd or thread.
  Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  ~Reactor();

  /// Runs `task` on the thread, in order of posting. From any thread. False after `stop`.
  bool post(Task task);

  /// Runs `task` on the thread and returns when it has run; at once on the thread itself. From any
  /// thread; after `stop` it runs in the caller's, as nothing else can then.
  void call(const Task& task);

  /// Calls `callback` with epoll's events (level-triggered) while the handle lives.
  [[nodiscard]] Result<Watch> watch(int fd, std::uint32_t events, FdCallback callback);

  /// Runs `task` once after `delay`; a delay of 0 or less runs it in the next round.
  TimerId after(Duration delay, Task task);

  /// False when the timer has fired or never was; it does not fire afterwards.
  bool cancel(TimerId timer);

  [[nodiscard]] bool on_thread() const;

  /// Runs what is posted already, ends the loop and joins the thread. From any other thread; later
  /// calls do nothing.
  void stop();

 private:
  class Thread;
  std::shared_ptr<ReactorLoop> loop_;
  std::unique_ptr<Thread> thread_;
};

}  // namespace aerie
