#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/drivers/vm/console_findings.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// Reads a VM's console as it grows, by inotify(7), and keeps the file within its bound: a guest
/// may write without end. Lives on the reactor's thread.
class ConsoleWatch {
 public:
  /// The file's most bytes: beyond them what is in the middle goes, the first half stays.
  static constexpr std::int64_t most_bytes = 8LL * 1024 * 1024;

  /// `on_news` is called for each step and fault. A file that is not there yields nothing.
  ConsoleWatch(Reactor& reactor, std::string path,
               std::function<void(const ConsoleFindings::News& news)> on_news);
  ConsoleWatch(const ConsoleWatch&) = delete;
  ConsoleWatch& operator=(const ConsoleWatch&) = delete;

  /// Whether it is told when the console grows; else only `read_now` looks.
  [[nodiscard]] bool is_watching() const { return static_cast<bool>(watch_); }
  /// Reads what is there now, instead of waiting: for last words before an end that was seen first.
  void read_now();
  [[nodiscard]] const ConsoleFindings& findings() const { return findings_; }

 private:
  void on_events();
  void bound();

  std::function<void(const ConsoleFindings::News&)> on_news_;
  ConsoleFindings findings_;
  UniqueFd file_;
  UniqueFd inotify_;
  Watch watch_;
  std::int64_t at_ = 0;
};

}  // namespace aerie
