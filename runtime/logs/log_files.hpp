#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actors/ports/log_store.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"
#include "runtime/tombstones/tombstone_reader.hpp"

namespace aerie {

/// Which lines of a session's children (contract, section 3).
struct LogQuery {
  std::string session;
  std::string child;                ///< empty: all, merged in order of arrival
  std::optional<std::size_t> tail;  ///< lines; none: all that are kept
  bool jsonl = false;               ///< `{n, at, child, stream, line}` instead of text
};

/// The logs on disk: `sessions/ID/logs/CHILD.log`, the raw lines of each child, and
/// `sessions/ID/logs/merged.jsonl`, all of them with number, time and stream. A warm guest's lie at
/// `vms/ID/logs` until it is assigned. All work is done on the disk's thread.
class LogFiles final : public LogStore {
 public:
  /// The most bytes kept of one session's lines; later ones are counted and dropped, and a line
  /// says so: where it begins, and at the session's end how many they were. Lines that the disk
  /// does not take are told likewise, once it takes some again.
  static constexpr std::uint64_t max_bytes = 64ULL * 1024 * 1024;

  /// Called on the disk's thread with text to pass on; `is_end` with the last call.
  using Chunk = std::function<void(std::string text, bool is_end)>;

  LogFiles(Reactor& disk, std::string state, std::uint64_t most_bytes = max_bytes);
  ~LogFiles() override;

  void append(const std::string& vm, const link::LogLines& lines, Instant at) override;
  void assign(const std::string& vm, const std::string& session) override;
  void close(const std::string& session) override;
  void remove(const std::string& session, Removed done) override;

  /// Reads what is kept: one chunk, which is the end.
  void read(LogQuery query, Chunk chunk);

  /// Reads what is kept, then passes on each new line; ends with the session. The number ends it.
  std::uint64_t follow(LogQuery query, Chunk chunk);
  void unfollow(std::uint64_t follower);

  /// Beyond the bound, of all sessions since the start. On any thread.
  [[nodiscard]] std::uint64_t dropped_bytes() const;

  /// Reads a guest's serial console; none: it has none. Calls back on the disk's thread.
  using Console = std::function<void(std::optional<std::string> text)>;
  void read_console(ConsoleQuery query, Console done);

  /// Reads it, then passes on what it says; ends with the guest's files or its session. The first
  /// call has what there is; with none, which is the end, there is no console. `unfollow` ends it.
  using LiveConsole = std::function<void(std::optional<std::string> text, bool is_end)>;
  std::uint64_t follow_console(ConsoleQuery query, LiveConsole live);

 private:
  class Files;
  Reactor& disk_;
  std::shared_ptr<Files> files_;
};

}  // namespace aerie
