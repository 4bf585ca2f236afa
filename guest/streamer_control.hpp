#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "messages/link.hpp"
#include "runtime/process/frame_socket.hpp"
#include "runtime/process/spawn.hpp"

namespace aerie::guest {

/// The builtin `stream`'s control socket: gives the streamer its configuration, passes words both
/// ways, and watches that it answers.
class StreamerControl {
 public:
  struct Events {
    std::function<void()> on_ready;            ///< the streamer's own `ready`
    std::function<void(Json body)> on_says;    ///< for the host
    std::function<void(Cause cause)> on_hung;  ///< no answer for longer than the watchdog's time
  };

  /// `watchdog` 0: not watched.
  [[nodiscard]] static Result<std::unique_ptr<StreamerControl>> make(Reactor& reactor,
                                                                     Duration watchdog,
                                                                     Events events);
  StreamerControl(const StreamerControl&) = delete;
  StreamerControl& operator=(const StreamerControl&) = delete;
  ~StreamerControl();

  /// What to start; its descriptor is lent by this object until `on_started`.
  [[nodiscard]] SpawnRequest request(const std::string& program) const;
  void on_started(const link::Configure& configure);

  void send(const Json& body);

  /// Calls `awake` once it answers, also before it has its configuration.
  void when_awake(std::function<void()> awake);

  /// The streamer ended: reads its last words, and why it ended if it said so.
  [[nodiscard]] std::optional<Cause> last_words();

 private:
  StreamerControl(Reactor& reactor, Duration watchdog, Events events);
  void on_message(Json message);
  void ping();

  Reactor& reactor_;
  Duration watchdog_;
  Events events_;
  std::unique_ptr<FrameSocket> socket_;
  UniqueFd far_;
  TimerId timer_;
  std::function<void()> awake_;
  bool is_watched_ = false;
  bool is_silent_ = false;  ///< since the last ping
  std::optional<Cause> failure_;
};

}  // namespace aerie::guest
