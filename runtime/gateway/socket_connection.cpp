#include "runtime/gateway/socket_connection.hpp"

#include <algorithm>
#include <sys/socket.h>
#include <utility>

namespace aerie {

namespace {

/// A peer that does not take our close frame is dropped after this.
constexpr std::chrono::seconds close_within{5};
constexpr std::size_t reason_bytes = 123;

/// What the kernel may hold of a socket's messages besides our own queue: more would hide a reader
/// that has fallen behind.
constexpr int kernel_bytes = 128 * 1024;

/// What a client that floods is held to before anything is posted to an actor, whose mailbox has no
/// bound: the peer's own, lower budget answers with an error.
constexpr double messages_a_second = 400;
constexpr double messages_at_once = 800;
constexpr std::chrono::milliseconds pause{50};

/// How many messages are written before other connections have their turn.
constexpr int messages_a_turn = 32;

/// Cuts to at most `size` bytes without halving a character.
std::string_view cut(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U)
    --size;
  return text.substr(0, size);
}

}  // namespace

SocketConnection::SocketConnection(ServerCore& core, lws* wsi, SocketInfo info)
    : core_(core),
      wsi_(wsi),
      id_(++core.last_id),
      ping_at_(opened_at_ + core.limits.ping_every),
      allowance_(messages_at_once) {
  core_.sockets.emplace(id_, this);
  ++core_.unauthenticated;
  ::setsockopt(lws_get_socket_fd(wsi_), SOL_SOCKET, SO_SNDBUF, &kernel_bytes, sizeof kernel_bytes);
  arm_timer(opened_at_);
  core_.handler.on_socket_opened(id_, std::move(info));
}

SocketConnection::~SocketConnection() {
  if (!authenticated_) --core_.unauthenticated;
  core_.sockets.erase(id_);
  core_.handler.on_socket_closed(id_, closed_code_);
}

int SocketConnection::on_fragment(std::string_view bytes, bool is_last) {
  heard_at_ = Clock::now();
  if (closing_) return 0;
  in_bytes_ += bytes.size();
  if (in_bytes_ > core_.limits.message_bytes_fatal) {
    close_now(1009, "message too big");
    return 0;
  }
  if (in_bytes_ <= core_.limits.message_bytes) in_.append(bytes);
  if (!is_last) return 0;
  auto text = std::exchange(in_, {});
  const auto size = std::exchange(in_bytes_, 0);
  count_message(heard_at_);
  if (size > core_.limits.message_bytes) {
    core_.handler.on_socket_too_large(id_, size);
  } else {
    core_.handler.on_socket_message(id_, std::move(text));
  }
  return 0;
}

void SocketConnection::count_message(Clock::time_point now) {
  const std::chrono::duration<double> passed = now - allowance_at_;
  allowance_at_ = now;
  allowance_ = std::min(messages_at_once, allowance_ + passed.count() * messages_a_second) - 1;
  if (allowance_ >= 0 || is_paused_) return;
  is_paused_ = true;
  lws_rx_flow_control(wsi_, 0);
  arm_timer(now);
}

void SocketConnection::on_pong() {
  heard_at_ = Clock::now();
}

void SocketConnection::on_peer_close(std::uint16_t code) {
  if (!closing_) closed_code_ = code;
}

int SocketConnection::on_writeable() {
  for (int turn = 0; turn < messages_a_turn; ++turn) {
    if (lws_partial_buffered(wsi_) != 0 || lws_send_pipe_choked(wsi_) != 0) break;
    if (std::exchange(ping_due_, false)) {
      // libwebsockets reports no pong without a payload, and a pong repeats its ping.
      if (!core_.write_frame(wsi_, "aerie", LWS_WRITE_PING)) return -1;
      continue;
    }
    if (!out_.empty()) {
      const auto text = std::move(out_.front());
      out_.pop_front();
      out_bytes_ -= text.size();
      if (!core_.write_frame(wsi_, text, LWS_WRITE_TEXT)) return -1;
      continue;
    }
    if (!closing_) return 0;
    auto* const reason = reinterpret_cast<unsigned char*>(closing_->reason.data());
    lws_close_reason(wsi_, static_cast<lws_close_status>(closing_->code), reason,
                     closing_->reason.size());
    return -1;
  }
  lws_callback_on_writable(wsi_);
  return 0;
}

int SocketConnection::on_timer() {
  const auto now = Clock::now();
  if (closing_) return -1;
  if (std::exchange(is_paused_, false)) {
    // What was sent meanwhile is still to be read: this is no silence.
    heard_at_ = now;
    lws_rx_flow_control(wsi_, 1);
  }
  if (now >= heard_at_ + core_.limits.silent_after) return -1;
  if (!authenticated_ && now >= opened_at_ + core_.limits.hello_within) {
    close_now(1008, "no hello in time");
    return 0;
  }
  if (now >= ping_at_) {
    ping_due_ = true;
    ping_at_ = now + core_.limits.ping_every;
    lws_callback_on_writable(wsi_);
  }
  arm_timer(now);
  return 0;
}

void SocketConnection::authenticated() {
  if (std::exchange(authenticated_, true)) return;
  --core_.unauthenticated;
}

void SocketConnection::send(std::string text) {
  if (closing_) return;
  if (out_bytes_ + text.size() > core_.limits.socket_queue_bytes) {
    close_now(1013, "reading too slowly");
    return;
  }
  out_bytes_ += text.size();
  out_.push_back(std::move(text));
  lws_callback_on_writable(wsi_);
}

void SocketConnection::close(std::uint16_t code, std::string_view reason) {
  if (closing_) return;
  closing_ = Close{code, std::string(cut(reason, reason_bytes))};
  closed_code_ = code;
  // The peer's answer to the close is read even if what came before it was too much.
  if (std::exchange(is_paused_, false)) lws_rx_flow_control(wsi_, 1);
  set_timer(wsi_, close_within);
  lws_callback_on_writable(wsi_);
}

void SocketConnection::close_now(std::uint16_t code, std::string_view reason) {
  out_.clear();
  out_bytes_ = 0;
  close(code, reason);
}

void SocketConnection::arm_timer(Clock::time_point now) {
  auto next = std::min(ping_at_, heard_at_ + core_.limits.silent_after);
  if (!authenticated_) next = std::min(next, opened_at_ + core_.limits.hello_within);
  if (is_paused_) next = std::min(next, now + pause);
  set_timer(wsi_, std::chrono::ceil<std::chrono::milliseconds>(next - now));
}

}  // namespace aerie
