#include "runtime/drivers/vm/console_watch.hpp"

#include <array>
#include <fcntl.h>
#include <string_view>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aerie {
namespace {

constexpr std::int64_t chunk = 64L * 1024;
constexpr std::string_view mark = "\naerie: the console was too long; lines were dropped here\n";

}  // namespace

ConsoleWatch::ConsoleWatch(Reactor& reactor, std::string path,
                           std::function<void(const ConsoleFindings::News& news)> on_news)
    : on_news_(std::move(on_news)),
      file_(::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW)),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (!file_ || !inotify_) return;
  if (::inotify_add_watch(inotify_.get(), path.c_str(), IN_MODIFY) < 0) return;
  auto watch = reactor.watch(inotify_.get(), EPOLLIN, [this](std::uint32_t) { on_events(); });
  if (watch) watch_ = std::move(*watch);
}

void ConsoleWatch::on_events() {
  std::array<char, 4096> events{};
  while (::read(inotify_.get(), events.data(), events.size()) > 0) {
  }
  read_now();
}

void ConsoleWatch::read_now() {
  if (!file_) return;
  std::array<char, chunk> buffer{};
  // As much as was there: a guest that writes faster than we read has no claim to the thread.
  for (std::int64_t read = 0; read < most_bytes; read += chunk) {
    const auto count = ::pread(file_.get(), buffer.data(), buffer.size(), at_);
    if (count <= 0) break;
    at_ += count;
    const auto news = findings_.feed({buffer.data(), static_cast<std::size_t>(count)});
    if (!news.stages.empty() || news.fault || !news.oom_killed.empty()) on_news_(news);
  }
  bound();
}

/// Whoever writes does so at the file's end, wherever that is (O_APPEND).
void ConsoleWatch::bound() {
  struct stat facts {};
  if (::fstat(file_.get(), &facts) != 0 || facts.st_size <= most_bytes) return;
  if (::ftruncate(file_.get(), most_bytes / 2) != 0) return;
  [[maybe_unused]] const auto written = ::write(file_.get(), mark.data(), mark.size());
  at_ = most_bytes / 2 + static_cast<std::int64_t>(mark.size());
}

}  // namespace aerie
