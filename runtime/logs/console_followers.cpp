#include "runtime/logs/console_followers.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace aerie {
namespace {

/// As much at a time as one reader is sent.
constexpr std::size_t most_at_once = 64UL * 1024;

/// The numbers of the files that something happened to.
std::set<int> files_in(const char* bytes, std::size_t count) {
  std::set<int> files;
  for (std::size_t at = 0; at + sizeof(inotify_event) <= count;) {
    inotify_event event{};
    std::memcpy(&event, bytes + at, sizeof event);
    files.insert(event.wd);
    at += sizeof event + event.len;
  }
  return files;
}

}  // namespace

bool ConsoleFollowers::open() {
  if (watch_) return true;
  inotify_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify_) return false;
  auto watch = reactor_.watch(inotify_.get(), EPOLLIN, [this](std::uint32_t) { on_events(); });
  if (watch) watch_ = std::move(*watch);
  return static_cast<bool>(watch_);
}

void ConsoleFollowers::add(std::uint64_t number, UniqueFd file, std::int64_t at, Events events) {
  auto& follower = followers_[number];
  follower = {std::move(file), at, -1, std::move(events)};
  const auto path = "/proc/self/fd/" + std::to_string(follower.file.get());
  if (open())
    follower.watch = ::inotify_add_watch(inotify_.get(), path.c_str(), IN_MODIFY | IN_ATTRIB);
  // What came between the reading and the watch.
  reactor_.post([this, number, weak = std::weak_ptr<bool>{alive_}] {
    if (!weak.expired()) read(number);
  });
}

void ConsoleFollowers::remove(std::uint64_t number) {
  const auto gone = followers_.extract(number);
  if (gone.empty() || gone.mapped().watch < 0) return;
  const int watch = gone.mapped().watch;
  const bool is_shared = std::any_of(followers_.begin(), followers_.end(),
                                     [&](const auto& each) { return each.second.watch == watch; });
  if (!is_shared) ::inotify_rm_watch(inotify_.get(), watch);
}

void ConsoleFollowers::on_events() {
  alignas(inotify_event) std::array<char, 4096> events{};
  std::set<int> files;
  for (ssize_t count = 0; (count = ::read(inotify_.get(), events.data(), events.size())) > 0;)
    files.merge(files_in(events.data(), static_cast<std::size_t>(count)));
  const bool has_lost_some = files.contains(-1);  // IN_Q_OVERFLOW: of any of them
  std::set<std::uint64_t> numbers;                // callbacks may remove any of them
  for (const auto& [number, follower] : followers_)
    if (has_lost_some || files.contains(follower.watch)) numbers.insert(number);
  for (const auto number : numbers)
    read(number);
}

/// As far as the file goes now: a guest that writes all the time has no claim to the thread, and
/// what comes meanwhile is another event.
void ConsoleFollowers::read(std::uint64_t number) {
  const auto first = followers_.find(number);
  if (first == followers_.end()) return;
  struct stat facts {};
  if (::fstat(first->second.file.get(), &facts) != 0) return end(number);
  for (;;) {
    const auto found = followers_.find(number);
    if (found == followers_.end()) return;
    auto& [file, at, watch, events] = found->second;
    at = std::min<std::int64_t>(at, facts.st_size);  // a console that was too long is cut
    if (at == facts.st_size) break;
    std::string text(
        std::min<std::size_t>(most_at_once, static_cast<std::size_t>(facts.st_size - at)), '\0');
    const auto count = ::pread(file.get(), text.data(), text.size(), at);
    if (count < 0) return end(number);
    if (count == 0) break;  // it was cut just now
    at += count;
    text.resize(static_cast<std::size_t>(count));
    const auto said = events.said;
    said(std::move(text));
  }
  const auto found = followers_.find(number);
  if (found != followers_.end() && (facts.st_nlink == 0 || found->second.watch < 0)) end(number);
}

void ConsoleFollowers::end(std::uint64_t number) {
  const auto ended = followers_.at(number).events.ended;
  remove(number);
  ended();
}

}  // namespace aerie
