#include "runtime/logs/console_follower.hpp"

#include <algorithm>
#include <array>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace aerie {
namespace {

/// As much at a time as one reader is sent; a guest that writes faster waits for its turn.
constexpr std::size_t most_at_once = 64UL * 1024;

}  // namespace

ConsoleFollower::ConsoleFollower(Reactor& reactor, UniqueFd file, std::int64_t at,
                                 std::function<void(std::string)> said, std::function<void()> ended)
    : file_(std::move(file)),
      at_(at),
      said_(std::move(said)),
      ended_(std::move(ended)),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  const auto path = "/proc/self/fd/" + std::to_string(file_.get());
  if (::inotify_add_watch(inotify_.get(), path.c_str(), IN_MODIFY | IN_ATTRIB) < 0) return;
  auto watch = reactor.watch(inotify_.get(), EPOLLIN, [this](std::uint32_t) { on_events(); });
  if (watch) watch_ = std::move(*watch);
  // What came between the reading and the watch.
  reactor.post([this, weak = std::weak_ptr<bool>{alive_}] {
    if (!weak.expired()) on_events();
  });
}

void ConsoleFollower::on_events() {
  std::array<char, 4096> events{};
  while (::read(inotify_.get(), events.data(), events.size()) > 0) {
  }
  struct stat facts {};
  if (::fstat(file_.get(), &facts) != 0) return;
  at_ = std::min<std::int64_t>(at_, facts.st_size);  // a console that was too long is cut
  const std::weak_ptr<bool> weak{alive_};
  while (at_ < facts.st_size) {
    std::string text(most_at_once, '\0');
    const auto count = ::pread(file_.get(), text.data(), text.size(), at_);
    if (count <= 0) break;
    at_ += count;
    text.resize(static_cast<std::size_t>(count));
    said_(std::move(text));
    if (weak.expired()) return;
  }
  if (facts.st_nlink > 0) return;
  watch_.reset();
  if (const auto ended = std::exchange(ended_, {})) ended();
}

}  // namespace aerie
