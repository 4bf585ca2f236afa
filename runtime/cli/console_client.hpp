#pragma once

#include <optional>
#include <string>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::cli {

/// A connection to the controller's `console.sock` (`ConsoleSocket` says what is spoken).
class ConsoleClient {
 public:
  /// Errors: `link-lost`, with what to do.
  [[nodiscard]] static Result<ConsoleClient> connect(const std::string& state);

  /// Runs a command under this number.
  [[nodiscard]] Result<void> run(std::int64_t id, const std::string& line);
  [[nodiscard]] Result<void> stop(std::int64_t id);

  /// Waits for the next message.
  [[nodiscard]] Result<Json> next();

  /// What has arrived by now, for one who waits for `fd` with poll(2); none: not a whole message.
  [[nodiscard]] Result<std::optional<Json>> poll();
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// Something arrived that was not taken yet.
  [[nodiscard]] bool has_buffered() const { return input_.find('\n') != std::string::npos; }

 private:
  explicit ConsoleClient(UniqueFd fd) : fd_(std::move(fd)) {}
  Result<void> send(const Json& message);
  std::optional<Json> take();
  /// False where nothing is there and `may_wait` is not set.
  Result<bool> receive(bool may_wait);

  UniqueFd fd_;
  std::string input_;
  std::size_t searched_ = 0;
};

}  // namespace aerie::cli
