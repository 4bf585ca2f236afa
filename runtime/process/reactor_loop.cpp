#include "runtime/process/reactor_loop.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <system_error>
#include <utility>

namespace aerie {
namespace {

constexpr std::uint64_t wake_id = 1;
constexpr std::uint64_t timer_id = 2;

int required(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

/// Runs a callback; whatever it throws ends here, as no thread of ours dies of one bad child.
template <class Function>
void guarded(Function&& function) {
  try {
    std::forward<Function>(function)();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "aerie: a callback of the reactor failed: %s\n", error.what());
  } catch (...) {
    std::fprintf(stderr, "aerie: a callback of the reactor failed with an unknown exception\n");
  }
}

void consume_counter(int fd) {
  std::uint64_t count = 0;
  // A failed read means that somebody else consumed it: nothing is lost.
  [[maybe_unused]] const auto read = ::read(fd, &count, sizeof count);
}

}  // namespace

ReactorLoop::ReactorLoop()
    : epoll_(required(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(required(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      timer_(required(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
                      "timerfd_create")) {
  for (const auto& [fd, id] : {std::pair{wake_.get(), wake_id}, {timer_.get(), timer_id}}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = id;
    required(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  }
}

bool ReactorLoop::post(Reactor::Task task) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_) return false;
    posted_.push_back(std::move(task));
    if (posted_.size() > 1) return true;  // the first one woke the thread already
  }
  wake();
  return true;
}

void ReactorLoop::request_stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake();
}

void ReactorLoop::wake() const {
  const std::uint64_t one = 1;
  // EAGAIN means that the counter is full, so the thread wakes anyway.
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void ReactorLoop::run() {
  std::array<epoll_event, 64> events{};
  while (true) {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const auto& event = events.at(static_cast<std::size_t>(i));
      dispatch(event.data.u64, event.events);
    }
    const std::lock_guard lock{mutex_};
    if (stopping_ && posted_.empty()) return;
  }
}

void ReactorLoop::dispatch(std::uint64_t id, std::uint32_t events) {
  if (id == wake_id) return run_posted();
  if (id == timer_id) return run_timers();
  // An earlier callback of this round may have removed it.
  const auto found = watched_.find(id);
  if (found == watched_.end()) return;
  const auto callback = found->second.callback;
  guarded([&] { (*callback)(events); });
}

void ReactorLoop::run_posted() {
  consume_counter(wake_.get());
  std::vector<Reactor::Task> tasks;
  {
    const std::lock_guard lock{mutex_};
    tasks.swap(posted_);
  }
  for (auto& task : tasks) {
    guarded(task);
    guarded([&] { task = nullptr; });  // what it captured goes before the next one runs
  }
}

Result<std::uint64_t> ReactorLoop::add(int fd, std::uint32_t events, Reactor::FdCallback callback) {
  const auto id = next_id_++;
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return tl::unexpected(Cause{
        CauseKind::quota,
        "Descriptor " + std::to_string(fd) + " cannot be watched: " + std::strerror(errno) + ".",
        "Raise fs.epoll.max_user_watches or the memory of this machine.",
        {}});
  watched_.emplace(id, Watched{fd, std::make_shared<Reactor::FdCallback>(std::move(callback))});
  return id;
}

void ReactorLoop::modify(std::uint64_t id, std::uint32_t events) {
  const auto found = watched_.find(id);
  if (found == watched_.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, found->second.fd, &event);
}

void ReactorLoop::remove(std::uint64_t id) {
  const auto found = watched_.find(id);
  if (found == watched_.end()) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second.fd, nullptr);
  const auto callback = std::move(found->second.callback);  // destroyed after the map is in order
  watched_.erase(found);
}

TimerId ReactorLoop::after(Duration delay, Reactor::Task task) {
  const TimerId id{std::chrono::steady_clock::now() + delay, next_timer_++};
  const auto inserted = timers_.emplace(id, std::move(task)).first;
  if (inserted == timers_.begin()) arm_timer();
  return id;
}

bool ReactorLoop::cancel(TimerId timer) {
  auto node = timers_.extract(timer);
  if (node.empty()) return false;
  arm_timer();
  return true;
}

void ReactorLoop::run_timers() {
  consume_counter(timer_.get());
  const auto now = std::chrono::steady_clock::now();
  // One at a time: each may cancel or add others. What is added now waits for the next round.
  while (!timers_.empty() && timers_.begin()->first.due <= now) {
    auto node = timers_.extract(timers_.begin());
    guarded(node.mapped());
  }
  arm_timer();
}

void ReactorLoop::arm_timer() {
  itimerspec spec{};
  if (!timers_.empty()) {
    using namespace std::chrono;
    const auto due = timers_.begin()->first.due.time_since_epoch();
    const auto nanoseconds_due = std::max(duration_cast<nanoseconds>(due).count(), std::int64_t{1});
    spec.it_value.tv_sec = static_cast<time_t>(nanoseconds_due / 1'000'000'000);
    spec.it_value.tv_nsec = static_cast<long>(nanoseconds_due % 1'000'000'000);
  }
  // steady_clock is CLOCK_MONOTONIC here (libstdc++), so an absolute time arms it exactly.
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

}  // namespace aerie
