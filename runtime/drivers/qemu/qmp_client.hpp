#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "messages/cause.hpp"
#include "runtime/process/line_splitter.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// Speaks QMP (QEMU Machine Protocol: JSON, a document a line) over QEMU's monitor socket. Lives on
/// the reactor's thread; callbacks come on it. Commands are answered in their order.
class QmpClient {
 public:
  using Done = std::function<void(Result<Json> answer)>;
  struct Events {
    /// `SHUTDOWN`, `STOP`, `RESUME`, `MIGRATION`, …
    std::function<void(const std::string& name, const Json& data)> on_event;
    std::function<void(Cause cause)> on_lost;  ///< once; `vmm-exited`, `vmm-failed`
  };

  /// Takes a connected, non-blocking stream socket; negotiates at once.
  QmpClient(Reactor& reactor, UniqueFd socket, Events events);
  QmpClient(const QmpClient&) = delete;
  QmpClient& operator=(const QmpClient&) = delete;

  /// Errors: `vmm-failed` with QEMU's words; `vmm-exited` where it went before it answered.
  /// `descriptor` goes along with the command (`getfd`), unless it is -1.
  void execute(const std::string& command, const Json& arguments, Done done, int descriptor = -1);

 private:
  void on_readable();
  void on_message(const Json& message);
  void lose(const Cause& cause);

  UniqueFd socket_;
  Watch watch_;
  Events events_;
  LineSplitter lines_;
  struct Waiting {
    std::string command;
    Done done;
  };
  std::deque<Waiting> waiting_;
  bool is_lost_ = false;
};

}  // namespace aerie
