#include "runtime/gateway/connection_watch.hpp"

#include <array>
#include <sys/epoll.h>

namespace aerie {

ConnectionWatch::ConnectionWatch() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

void ConnectionWatch::watch(int fd, std::uint64_t id, Interest interest) {
  epoll_event event{};
  event.events = EPOLLONESHOT;
  if (interest.writable) event.events |= EPOLLOUT;
  if (interest.hang_up) event.events |= EPOLLRDHUP;
  event.data.u64 = id;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }
}

void ConnectionWatch::remove(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::vector<ConnectionWatch::Event> ConnectionWatch::take() {
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  std::vector<Event> taken;
  for (int i = 0; i < count; ++i) {
    const auto& event = events.at(static_cast<std::size_t>(i));
    taken.push_back({event.data.u64, (event.events & EPOLLOUT) != 0,
                     (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0});
  }
  return taken;
}

}  // namespace aerie
