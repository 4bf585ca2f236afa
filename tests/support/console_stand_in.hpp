#pragma once

#include <cstdint>
#include <string>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::test {

/// A controller's `console.sock` (`runtime/console/console_socket.hpp`) that tells one client whose
/// first command is `watch` what the test wants, and answers nothing else. Used from one thread;
/// failures throw `std::runtime_error`.
class ConsoleStandIn {
 public:
  /// Listens in that state directory.
  explicit ConsoleStandIn(const std::string& state);

  /// Waits until a client watches.
  void wait_for_watch();
  /// Tells it one item.
  void tell(const Json& item);

 private:
  UniqueFd listener_;
  UniqueFd client_;
  std::int64_t id_ = 0;  ///< of its command
};

}  // namespace aerie::test
