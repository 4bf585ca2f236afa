#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// Pass on what guests' serial consoles say from some point on, as their files grow: all of them by
/// one inotify(7) instance, of which a user has few. On the reactor's thread; callbacks come on it,
/// none from within `add`.
class ConsoleFollowers {
 public:
  struct Events {
    std::function<void(std::string text)> said;
    std::function<void()> ended;  ///< once, and the last: the file is deleted, or can't be watched
  };

  explicit ConsoleFollowers(Reactor& reactor) : reactor_(reactor) {}
  ConsoleFollowers(const ConsoleFollowers&) = delete;
  ConsoleFollowers& operator=(const ConsoleFollowers&) = delete;

  /// `file` is the console's, read from `at` on.
  void add(std::uint64_t number, UniqueFd file, std::int64_t at, Events events);
  void remove(std::uint64_t number);

 private:
  struct Follower {
    UniqueFd file;
    std::int64_t at = 0;
    int watch = -1;  ///< inotify's number for the file, shared by its followers
    Events events;
  };

  [[nodiscard]] bool open();
  void on_events();
  void read(std::uint64_t number);
  void end(std::uint64_t number);

  Reactor& reactor_;
  UniqueFd inotify_;
  Watch watch_;
  std::map<std::uint64_t, Follower> followers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace aerie
