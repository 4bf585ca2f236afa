#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "runtime/logs/log_files.hpp"

namespace aerie {

/// Where the gateway reads the logs of guests' children: `LogFiles`, or a test's stand-in.
class LogReader {
 public:
  virtual ~LogReader() = default;

  /// As `LogFiles`: `chunk` is called on another thread.
  virtual void read(LogQuery query, LogFiles::Chunk chunk) = 0;
  virtual std::uint64_t follow(LogQuery query, LogFiles::Chunk chunk) = 0;
  virtual void unfollow(std::uint64_t follower) = 0;
  virtual void read_console(ConsoleQuery query, LogFiles::Console done) = 0;
  virtual std::uint64_t follow_console(ConsoleQuery query, LogFiles::LiveConsole live) = 0;
  [[nodiscard]] virtual std::uint64_t dropped_bytes() const { return 0; }
};

/// Reads from the logs on disk.
class LogFilesReader final : public LogReader {
 public:
  explicit LogFilesReader(std::shared_ptr<LogFiles> files) : files_(std::move(files)) {}

  void read(LogQuery query, LogFiles::Chunk chunk) override {
    files_->read(std::move(query), std::move(chunk));
  }
  std::uint64_t follow(LogQuery query, LogFiles::Chunk chunk) override {
    return files_->follow(std::move(query), std::move(chunk));
  }
  void unfollow(std::uint64_t follower) override { files_->unfollow(follower); }
  void read_console(ConsoleQuery query, LogFiles::Console done) override {
    files_->read_console(std::move(query), std::move(done));
  }
  std::uint64_t follow_console(ConsoleQuery query, LogFiles::LiveConsole live) override {
    return files_->follow_console(std::move(query), std::move(live));
  }
  [[nodiscard]] std::uint64_t dropped_bytes() const override { return files_->dropped_bytes(); }

 private:
  std::shared_ptr<LogFiles> files_;
};

}  // namespace aerie
