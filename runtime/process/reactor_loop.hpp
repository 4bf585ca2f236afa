#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// What a `Reactor` and its `Watch`es share; kept by the reactor, known weakly by the watches, so
/// that a handle that outlives its reactor is harmless. Not for use outside this folder.
class ReactorLoop {
 public:
  ReactorLoop();

  bool post(Reactor::Task task);
  void request_stop();
  /// Runs until `request_stop`; then runs what is posted already and returns.
  void run();

  Result<std::uint64_t> add(int fd, std::uint32_t events, Reactor::FdCallback callback);
  void modify(std::uint64_t id, std::uint32_t events);
  void remove(std::uint64_t id);

  TimerId after(Duration delay, Reactor::Task task);
  bool cancel(TimerId timer);

 private:
  struct Watched {
    int fd = -1;
    /// Shared, because a callback may remove itself while it runs.
    std::shared_ptr<Reactor::FdCallback> callback;
  };

  void dispatch(std::uint64_t id, std::uint32_t events);
  void run_posted();
  void run_timers();
  void arm_timer();
  void wake() const;

  UniqueFd epoll_;
  UniqueFd wake_;
  UniqueFd timer_;
  std::unordered_map<std::uint64_t, Watched> watched_;
  std::uint64_t next_id_ = 16;  // below: ids of the loop's own descriptors
  std::map<TimerId, Reactor::Task> timers_;
  std::uint64_t next_timer_ = 1;

  std::mutex mutex_;
  std::vector<Reactor::Task> posted_;  // guarded by mutex_
  bool stopping_ = false;              // guarded by mutex_
};

}  // namespace aerie
