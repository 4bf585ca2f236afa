#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <libwebsockets.h>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/gateway/server_core.hpp"

namespace aerie {

/// One WebSocket: puts fragments together, keeps what is to be sent within its bounds, pings, and
/// ends what is silent. Functions that return `int` are libwebsockets' callbacks: not 0 closes the
/// connection.
class SocketConnection {
 public:
  SocketConnection(ServerCore& core, lws* wsi, SocketInfo info);
  ~SocketConnection();
  SocketConnection(const SocketConnection&) = delete;
  SocketConnection& operator=(const SocketConnection&) = delete;

  // -- callbacks of libwebsockets --------------------------------------------

  int on_fragment(std::string_view bytes, bool is_last);
  void on_pong();
  void on_peer_close(std::uint16_t code);
  int on_writeable();
  int on_timer();

  // -- what the handler asks for ---------------------------------------------

  void authenticated();
  void send(std::string text);
  void close(std::uint16_t code, std::string_view reason);

 private:
  using Clock = std::chrono::steady_clock;

  void count_message(Clock::time_point now);
  void close_now(std::uint16_t code, std::string_view reason);
  void arm_timer(Clock::time_point now);

  ServerCore& core_;
  lws* wsi_;
  std::uint64_t id_;
  bool authenticated_ = false;
  Clock::time_point opened_at_ = Clock::now();
  Clock::time_point heard_at_ = opened_at_;
  Clock::time_point ping_at_;
  bool ping_due_ = false;

  double allowance_;  ///< messages that may come before reading pauses
  Clock::time_point allowance_at_ = opened_at_;
  bool is_paused_ = false;

  std::string in_;
  std::size_t in_bytes_ = 0;  ///< of the message under way, also those that are not kept

  std::deque<std::string> out_;
  std::size_t out_bytes_ = 0;

  struct Close {
    std::uint16_t code = 0;
    std::string reason;
  };
  std::optional<Close> closing_;  ///< sent once `out_` is
  std::uint16_t closed_code_ = 1006;
};

}  // namespace aerie
