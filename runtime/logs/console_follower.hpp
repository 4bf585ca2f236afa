#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// Passes on what a guest's serial console says from some point on, as its file grows (inotify).
/// Lives on the reactor's thread; callbacks come on it and may end it.
class ConsoleFollower {
 public:
  /// `file` is the console's, read from `at` on. `said` gets text; `ended` comes once, when the
  /// file is deleted.
  ConsoleFollower(Reactor& reactor, UniqueFd file, std::int64_t at,
                  std::function<void(std::string text)> said, std::function<void()> ended);
  ConsoleFollower(const ConsoleFollower&) = delete;
  ConsoleFollower& operator=(const ConsoleFollower&) = delete;

 private:
  void on_events();

  UniqueFd file_;
  std::int64_t at_;
  std::function<void(std::string)> said_;
  std::function<void()> ended_;
  UniqueFd inotify_;
  Watch watch_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace aerie
