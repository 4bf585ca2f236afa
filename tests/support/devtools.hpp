#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <string_view>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"
#include "tests/support/deadline.hpp"

namespace aerie::test {

/// The browser's end of the DevTools protocol over `--remote-debugging-pipe`: JSON objects, each
/// ended by a NUL byte. One call at a time, from one thread.
/// Source: https://chromedevtools.github.io/devtools-protocol/
class Devtools {
 public:
  Devtools(UniqueFd commands, UniqueFd answers);

  /// Calls a method and returns its result. Throws `std::runtime_error` that names the method when
  /// the browser refuses it, is gone, or does not answer in time.
  Json call(std::string_view method, Json params, const std::string& session = {},
            std::chrono::milliseconds within = patience);

  /// What pages wrote to their consoles and threw, the last 100 lines: for a failed test's message.
  [[nodiscard]] std::string console() const;

 private:
  void send(const Json& message);
  [[nodiscard]] Json receive(const Deadline& deadline);
  void note(const Json& event);

  UniqueFd commands_;
  UniqueFd answers_;
  std::string buffer_;
  std::deque<std::string> console_;
  int last_id_ = 0;
};

}  // namespace aerie::test
