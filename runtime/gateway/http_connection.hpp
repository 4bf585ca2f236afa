#pragma once

#include <cstdint>
#include <deque>
#include <libwebsockets.h>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/gateway/request_head.hpp"
#include "runtime/gateway/response_headers.hpp"
#include "runtime/gateway/server_core.hpp"

namespace aerie {

/// One HTTP/1 connection: requests one after the other, each received whole, judged, handed to the
/// handler, and answered. Functions that return `int` are libwebsockets' callbacks: not 0 closes
/// the connection.
class HttpConnection {
 public:
  HttpConnection(ServerCore& core, lws* wsi);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // -- callbacks of libwebsockets --------------------------------------------

  int on_head();
  int on_body(std::string_view bytes);
  int on_body_complete();
  int on_writeable();
  int on_timer();

  /// Writes a refusal of an upgrade; the connection is to be closed after it.
  void refuse(const HttpResponse& response);

  /// What the watch saw. May destroy this object.
  void on_watched(const ConnectionWatch::Event& event);

  /// True while an answer is not handed to the kernel yet.
  [[nodiscard]] bool has_output() const { return phase_ == Phase::answering; }

  // -- answers, by request id ------------------------------------------------

  void respond(HttpResponse response);
  void begin_stream(HttpResponse head);
  void write_stream(std::string chunk);
  void end_stream();

 private:
  enum class Phase {
    idle,       ///< the head is not there yet
    undecided,  ///< a POST or PUT that says nothing of a body: dispatched unless one comes
    receiving,  ///< a body of known length is under way
    waiting,    ///< for the handler's answer
    streaming,  ///< an answer without end
    answering,  ///< a complete answer is being written
    lingering,  ///< refused while its body was still coming: what comes is read and dropped
  };

  int judge_framing();
  void dispatch();
  void answer_itself(HttpResponse response);
  int refuse_and_linger(const HttpResponse& response);
  bool write_now(const HttpResponse& response);
  void cut_off();
  void allow_writing();
  void wait_quietly();
  void queue(std::string bytes);
  void drop_front();
  void queue_head(const HttpResponse& response, ResponseFraming framing);
  void forget_request();
  [[nodiscard]] Caller caller() const;
  /// True where the next request may come over this connection: the end of this one is known.
  [[nodiscard]] bool may_go_on() const;
  int end_exchange();

  ServerCore& core_;
  lws* wsi_;
  std::uint64_t id_;
  Phase phase_ = Phase::idle;
  HttpRequest request_;
  BodyFraming framing_;
  OriginVerdict verdict_ = OriginVerdict::none;
  bool is_page_ = false;
  bool keeps_alive_ = false;  ///< as the answer has said
  std::string host_;
  std::string origin_;
  std::size_t lingered_bytes_ = 0;
  std::deque<std::string> out_;
  bool is_secret_ = false;  ///< what is queued is wiped once it is written
  std::size_t out_bytes_ = 0;
  std::size_t out_offset_ = 0;  ///< of the first element, already written
};

}  // namespace aerie
