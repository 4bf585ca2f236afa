#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/preflight/preflight.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie::guest {

/// What a child is started with.
struct ChildPrograms {
  std::vector<preflight::Request> programs;
  bool is_streamer = false;  ///< the media elements of the first program are looked at too
};

/// Looks at the programs of children before they are started, in a thread of its own: reading
/// hundreds of files would keep the reactor from what is urgent. Lives on the reactor's thread.
class Examiner {
 public:
  /// Called on the reactor's thread: why the child can't start, or nothing.
  using OnResult = std::function<void(std::optional<Cause> fault)>;

  explicit Examiner(Reactor& reactor);
  Examiner(const Examiner&) = delete;
  Examiner& operator=(const Examiner&) = delete;
  /// Waits for the file that is being looked at; no result is told any more.
  ~Examiner();

  void examine(ChildPrograms child, OnResult on_result);

  /// Looks at what will be started later, so that little is left to do then.
  void prepare(ChildPrograms child);

 private:
  [[nodiscard]] std::optional<Cause> look_at(const ChildPrograms& child) const;

  Reactor& reactor_;
  std::optional<preflight::Preflight> preflight_;
  std::optional<Cause> root_fault_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::atomic<bool> is_closing_{false};
  Reactor worker_;
};

}  // namespace aerie::guest
