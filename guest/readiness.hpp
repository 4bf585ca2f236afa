#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "messages/log_line.hpp"
#include "messages/profile.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie::guest {

/// Where X servers of a guest have their sockets; the guest's own, as its /tmp is.
inline constexpr const char* x11_directory = "/tmp/.X11-unix";

/// Makes the directory with mode 1777: an X server that is not root's does not make it itself.
void make_x11_directory();

/// Waits for a child's ready condition. Made before the child, so that no event is missed; lives on
/// the reactor's thread, and tells at most once.
class Readiness {
 public:
  /// `display` is the X display that came up, where that was the condition.
  using OnReady = std::function<void(std::optional<int> display)>;

  virtual ~Readiness() = default;
  /// The child runs now; nothing is told before.
  virtual void on_started() {}
  virtual void on_line(const LogLine& /*line*/) {}
};

/// Kind `builtin` is told by the builtin itself and gives null.
[[nodiscard]] std::unique_ptr<Readiness> make_readiness(Reactor& reactor,
                                                        const ReadyCondition& condition,
                                                        Readiness::OnReady on_ready);

}  // namespace aerie::guest
