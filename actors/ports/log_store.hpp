#pragma once

#include <functional>
#include <optional>
#include <string>

#include "messages/cause.hpp"
#include "messages/link.hpp"
#include "messages/time.hpp"

namespace aerie {

/// Where the lines of guests' children go. Returns at once; the disk is another thread's.
class LogStore {
 public:
  virtual ~LogStore() = default;

  /// Keeps lines under the VM, or under the session it was assigned to.
  virtual void append(const std::string& vm, const link::LogLines& lines, Instant at) = 0;

  /// The VM's lines, those kept so far included, belong to this session from here on.
  virtual void assign(const std::string& vm, const std::string& session) = 0;

  /// No more lines of this session will come: readers that follow it end.
  virtual void close(const std::string& session) = 0;

  /// Deletes what is kept of a session that is over: its tombstone has it. Calls back on a thread
  /// of its own; no failure where there is nothing.
  using Removed = std::function<void(std::optional<Cause> failure)>;
  virtual void remove(const std::string& session, Removed done) = 0;
};

}  // namespace aerie
