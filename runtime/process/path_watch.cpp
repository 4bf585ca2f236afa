#include "runtime/process/path_watch.hpp"

#include <array>
#include <filesystem>
#include <sys/epoll.h>
#include <sys/inotify.h>

namespace aerie {
namespace {

std::filesystem::path nearest_existing(std::filesystem::path path) {
  std::error_code error;
  while (!std::filesystem::is_directory(path, error) && path.has_relative_path())
    path = path.parent_path();
  return path;
}

}  // namespace

PathWatch::PathWatch(Reactor& reactor, std::string directory, std::function<void()> on_change)
    : reactor_(reactor),
      directory_(std::move(directory)),
      on_change_(std::move(on_change)),
      inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  auto watch = reactor_.watch(inotify_.get(), EPOLLIN, [this](std::uint32_t) { on_events(); });
  if (watch) watch_ = std::move(*watch);
  aim();
  first_look_ = reactor_.after(Duration{0}, [this] { on_change_(); });
}

PathWatch::~PathWatch() {
  reactor_.cancel(first_look_);
}

void PathWatch::aim() {
  constexpr std::uint32_t events = IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
  while (true) {
    if (wanted_ >= 0) ::inotify_rm_watch(inotify_.get(), wanted_);
    const auto path = nearest_existing(directory_);
    wanted_ = ::inotify_add_watch(inotify_.get(), path.c_str(), events);
    // What was made between the look and the watch would never be told.
    if (nearest_existing(directory_) == path) return;
  }
}

void PathWatch::on_events() {
  std::array<char, 4096> buffer;
  while (::read(inotify_.get(), buffer.data(), buffer.size()) > 0) {
  }
  aim();
  on_change_();
}

}  // namespace aerie
