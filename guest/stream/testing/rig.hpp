#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "guest/stream/streamer.hpp"
#include "guest/stream/testing/listener.hpp"
#include "guest/stream/testing/viewer.hpp"
#include "guest/stream/testing/x_server.hpp"

namespace aerie::test {
class UdpRelay;
}

namespace aerie::stream::testing {

/// A streamer on an X server of its own, the supervisor's end of its control socket, and viewers;
/// everything on one loop that the test turns until something is true.
class Rig {
 public:
  Rig();
  ~Rig();

  /// Turns the loop until `done`; false after 20 s, which only a broken streamer needs.
  [[nodiscard]] bool until(const std::function<bool()>& done);
  void say(const Json& message) { control_->send(message); }
  /// The messages of a type that came so far.
  [[nodiscard]] std::vector<Json> said(const std::string& type) const;
  /// True when `peer` with that state came for the epoch.
  [[nodiscard]] bool peer_is(Epoch epoch, const std::string& state) const;
  /// Configures and waits for `ready`.
  [[nodiscard]] bool start();
  /// The same with more in the configuration: `{follows, fileBytes}`.
  [[nodiscard]] bool start(bool follows, std::int64_t file_bytes);
  /// Configures and waits for `failure`; its cause's message.
  [[nodiscard]] std::string start_until_failure();
  /// The text that the painter gets when it pastes.
  [[nodiscard]] std::string paste(Painter& painter);
  /// Adds a viewer and waits until it shows frames and has channels. With a relay it is reached
  /// through that alone. `beside`: the same viewer's peer before.
  [[nodiscard]] std::shared_ptr<Viewer> join(Epoch epoch, Codec codec = Codec::h264,
                                             test::UdpRelay* relay = nullptr,
                                             std::optional<Epoch> beside = std::nullopt);
  /// Adds a player, which offers, and waits until it shows frames.
  [[nodiscard]] std::shared_ptr<Viewer> play(Epoch epoch, Codec codec = Codec::h264);
  /// Adds a listener and waits until it is connected.
  [[nodiscard]] std::shared_ptr<Listener> listen(Epoch epoch);
  void leave(Epoch epoch);
  /// Turns the loop until no frame came to `viewer` for `quiet`.
  void settle(Viewer& viewer, std::chrono::milliseconds quiet);
  /// The painter's next event of that type; throws when none comes.
  [[nodiscard]] Painter::Input next_input(Painter& painter, std::uint8_t type);
  /// Closes the supervisor's end.
  void hang_up() { control_.reset(); }

  XServer x;
  EventLoop loop;
  std::optional<int> status;
  bool viewers_mind_losses = false;  ///< of those that join from now on

 private:
  void heard(const Json& message);
  void pass_to_listener(const Json& message);
  void configure(bool follows = false, std::int64_t file_bytes = 0);

  std::unique_ptr<ControlChannel> control_;
  std::unique_ptr<Streamer> streamer_;
  std::vector<Json> messages_;
  std::map<Epoch, std::shared_ptr<Viewer>> viewers_;
  std::map<Epoch, std::shared_ptr<Listener>> listeners_;
  std::map<Epoch, test::UdpRelay*> relays_;
};

}  // namespace aerie::stream::testing
