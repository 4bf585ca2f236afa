#include "runtime/gateway/hangup_watch.hpp"

#include <array>
#include <sys/epoll.h>

namespace aerie {

HangupWatch::HangupWatch() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

void HangupWatch::add(int fd, std::uint64_t id) {
  epoll_event event{};
  event.events = EPOLLRDHUP | EPOLLONESHOT;
  event.data.u64 = id;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void HangupWatch::remove(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::vector<std::uint64_t> HangupWatch::take() {
  std::array<epoll_event, 64> events{};
  std::vector<std::uint64_t> gone;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i)
    gone.push_back(events.at(static_cast<std::size_t>(i)).data.u64);
  return gone;
}

}  // namespace aerie
