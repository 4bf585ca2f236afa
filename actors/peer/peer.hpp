#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "actors/core/actor.hpp"
#include "actors/core/environment.hpp"
#include "actors/ports/socket_port.hpp"
#include "messages/interfaces.hpp"

namespace aerie {

/// The peer actor.
/// Job: one WebSocket: reads what the client says, bounds it, checks its hello, passes the rest on.
/// Owns: the socket's budget of errors and messages.
/// Sends: its session what the viewer says; the socket what the session says.
/// Ends: with its socket.
class Peer : public Actor<PeerActor> {
 public:
  Peer(caf::actor_config& config, EnvironmentPtr environment, std::shared_ptr<SocketPort> sockets,
       std::uint64_t socket);

  Behavior make_behavior() override;
  void on_exit() override;

 protected:
  [[nodiscard]] Json describe() const override;

 private:
  void on_text(const std::string& text);
  void on_hello(const signaling::Hello& hello);
  void find_session(const signaling::Hello& hello, bool is_operator, bool may_host);
  void join(const SessionActor& session, const signaling::Hello& hello, bool is_operator,
            bool may_host);
  void on_joined(const SessionActor& session, const Joined& joined);
  void on_closed();
  /// Answers the failure of an actor that comes back with the controller.
  [[nodiscard]] std::function<void(const caf::error&)> come_again();
  void welcome_to_the_ended(const signaling::Hello& hello);
  void deliver(const Json& message);
  void refuse(signaling::Refusal refusal);
  void refuse_hello(signaling::Refusal refusal);
  void send_unnumbered(Json message);
  void close(std::uint16_t code, const std::string& reason);
  [[nodiscard]] bool admit_message();
  void count_error();

  enum class Phase { greeting, joining, joined, closing };

  EnvironmentPtr environment_;
  std::shared_ptr<SocketPort> sockets_;
  std::uint64_t socket_;
  Phase phase_ = Phase::greeting;
  bool is_join_pending_ = false;  ///< the session is deciding
  bool is_socket_gone_ = false;
  SessionActor session_;
  std::string viewer_;
  std::vector<std::string> early_;  ///< messages that came while the hello was checked
  std::deque<Duration> errors_;     ///< when, of the last minute
  double allowance_ = 0;            ///< token bucket of messages
  Duration allowance_at_{0};
  std::uint64_t own_seq_ = 0;  ///< numbers what is said before there is a viewer
};

}  // namespace aerie
