#include "runtime/gateway/http_connection.hpp"

#include <sodium.h>
#include <sys/socket.h>
#include <utility>

#include "runtime/gateway/response_headers.hpp"

namespace aerie {

namespace {

/// A client that goes on sending a body that was refused is listened to this long and this far, so
/// that it can read the refusal: closing with unread bytes resets the connection (RFC 9112, 9.6).
constexpr std::chrono::seconds linger_within{2};
constexpr std::size_t linger_bytes = 1024 * 1024;

bool may_have_body(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

HttpConnection::HttpConnection(ServerCore& core, lws* wsi)
    : core_(core), wsi_(wsi), id_(++core.last_id) {
  core_.http_connections.emplace(id_, this);
}

HttpConnection::~HttpConnection() {
  while (!out_.empty())
    drop_front();
  const bool unanswered = phase_ == Phase::waiting || phase_ == Phase::streaming;
  const auto id = request_.id;
  forget_request();
  core_.http_connections.erase(id_);
  if (unanswered) core_.handler.on_request_gone(id);
}

Caller HttpConnection::caller() const {
  return {verdict_, origin_, host_};
}

// -- receiving ---------------------------------------------------------------

int HttpConnection::on_head() {
  auto head = read_head(wsi_);
  if (!head) return -1;
  request_ = *std::move(head);
  request_.id = 0;
  framing_ = read_framing(wsi_);
  host_ = find_pair(request_.headers, "host").value_or("");
  origin_ = find_pair(request_.headers, "origin").value_or("");
  verdict_ =
      core_.check.judge(find_pair(request_.headers, "host"), find_pair(request_.headers, "origin"));
  is_page_ = false;
  keeps_alive_ = false;
  is_secret_ = false;
  return judge_framing();
}

int HttpConnection::judge_framing() {
  if (framing_.chunked) {
    return refuse_and_linger(
        error_response(411, "length-required", "A body needs a Content-Length.", "Content-Length"));
  }
  const auto length = framing_.length ? content_length(*framing_.length) : 0;
  if (!length) {
    write_now(error_response(400, "bad-request", "Content-Length is not a number of bytes.",
                             "Content-Length"));
    return -1;
  }
  if (*length > core_.limits.body_bytes) {
    return refuse_and_linger(error_response(
        413, "too-large",
        "A body may have at most " + std::to_string(core_.limits.body_bytes) + " bytes."));
  }
  if (*length > 0) {
    phase_ = Phase::receiving;
    request_.body.reserve(*length);
    set_timer(wsi_, core_.limits.request_within);
    if (framing_.expects_continue)
      core_.write_piece(wsi_, "HTTP/1.1 100 Continue\r\n\r\n", LWS_WRITE_HTTP_HEADERS);
    return 0;
  }
  if (!framing_.length && may_have_body(request_.method)) {
    // libwebsockets waits for a body now.
    phase_ = Phase::undecided;
    lws_callback_on_writable(wsi_);
    return 0;
  }
  dispatch();
  return 0;
}

int HttpConnection::on_body(std::string_view bytes) {
  switch (phase_) {
    case Phase::undecided:
      return bytes.empty()
                 ? 0
                 : refuse_and_linger(error_response(
                       411, "length-required", "A body needs a Content-Length.", "Content-Length"));
    case Phase::lingering:
      lingered_bytes_ += bytes.size();
      return lingered_bytes_ > linger_bytes ? -1 : 0;
    case Phase::receiving:
      break;
    default:
      return 0;
  }
  if (request_.body.size() + bytes.size() > core_.limits.body_bytes) return -1;
  request_.body.append(bytes);
  return 0;
}

int HttpConnection::on_body_complete() {
  if (phase_ == Phase::lingering) return -1;
  if (phase_ == Phase::receiving) dispatch();
  return 0;
}

void HttpConnection::dispatch() {
  wait_quietly();
  lws_set_timeout(wsi_, NO_PENDING_TIMEOUT, 0);
  if (verdict_ == OriginVerdict::refused_host) {
    return answer_itself(error_response(403, "forbidden", "This Host is not served here.", "Host"));
  }
  if (verdict_ == OriginVerdict::refused_origin) {
    return answer_itself(
        error_response(403, "forbidden", "This Origin may not call here.", "Origin"));
  }
  if (request_.method == "OPTIONS")
    return answer_itself(preflight_response(verdict_, request_.path));
  const PageConditions conditions{
      find_pair(request_.headers, "if-none-match").value_or(std::string_view{}),
      find_pair(request_.headers, "accept-encoding").value_or(std::string_view{})};
  if (auto page = core_.pages.find(request_.method, request_.path, conditions)) {
    is_page_ = true;
    return answer_itself(*std::move(page));
  }
  request_.id = ++core_.last_id;
  core_.requests.emplace(request_.id, this);
  phase_ = Phase::waiting;
  auto request = request_;
  request_.body.clear();
  core_.handler.on_request(std::move(request));
}

int HttpConnection::on_timer() {
  // Set for a body that has come since.
  if (phase_ != Phase::receiving && phase_ != Phase::lingering) return 0;
  if (phase_ == Phase::receiving) {
    write_now(error_response(408, "timeout", "The body did not come in time."));
  }
  return -1;
}

void HttpConnection::refuse(const HttpResponse& response) {
  host_ = header_of(wsi_, WSI_TOKEN_HOST).value_or("");
  verdict_ = OriginVerdict::none;
  request_ = {};
  write_now(response);
}

void HttpConnection::cut_off() {
  const auto id = std::exchange(request_.id, 0);
  core_.requests.erase(id);
  core_.watch.remove(lws_get_socket_fd(wsi_));
  phase_ = Phase::lingering;
  while (!out_.empty())
    drop_front();
  if (id != 0) core_.handler.on_request_gone(id);
  kill_connection(wsi_);
}

// -- answering ---------------------------------------------------------------

void HttpConnection::answer_itself(HttpResponse response) {
  phase_ = Phase::waiting;
  respond(std::move(response));
}

void HttpConnection::respond(HttpResponse response) {
  if (phase_ != Phase::waiting) return;
  forget_request();
  const bool bodiless = response.status == 204 || response.status == 304;
  ResponseFraming framing;
  if (!bodiless) framing.length = response.body.size();
  queue_head(response, framing);
  is_secret_ = response.is_secret;
  if (request_.method != "HEAD" && !bodiless && !response.body.empty()) {
    queue(std::move(response.body));
  }
  phase_ = Phase::answering;
}

void HttpConnection::begin_stream(HttpResponse head) {
  if (phase_ != Phase::waiting) return;
  if (request_.method == "HEAD") return respond(std::move(head));
  ResponseFraming framing;
  framing.chunked = framing_.http_1_1;
  queue_head(head, framing);
  phase_ = Phase::streaming;
  write_stream(std::move(head.body));
}

void HttpConnection::write_stream(std::string chunk) {
  if (phase_ != Phase::streaming || chunk.empty()) return;
  // A reader this far behind starts anew where it was; nothing more is kept for it. What is already
  // queued counts, so that one chunk may be larger than the bound.
  if (out_.size() >= core_.limits.stream_queue_chunks ||
      out_bytes_ > core_.limits.stream_queue_bytes) {
    return cut_off();
  }
  queue(framing_.http_1_1 ? chunk_of(chunk) : std::move(chunk));
}

void HttpConnection::end_stream() {
  if (phase_ != Phase::streaming) return;
  if (framing_.http_1_1) queue(chunk_of({}));
  forget_request();
  phase_ = Phase::answering;
  allow_writing();
}

void HttpConnection::queue(std::string bytes) {
  out_bytes_ += bytes.size();
  out_.push_back(std::move(bytes));
  allow_writing();
}

void HttpConnection::drop_front() {
  if (is_secret_) sodium_memzero(out_.front().data(), out_.front().size());
  out_.pop_front();
  out_offset_ = 0;
}

/// Lets libwebsockets look at the connection again: it calls back when it can be written to.
void HttpConnection::allow_writing() {
  lws_rx_flow_control(wsi_, 1);
  lws_callback_on_writable(wsi_);
}

/// Hides the connection from libwebsockets until there is something to write and room for it.
void HttpConnection::wait_quietly() {
  lws_rx_flow_control(wsi_, 0);
  const bool has_output = !out_.empty() || lws_partial_buffered(wsi_) != 0;
  const bool streams = phase_ == Phase::streaming;
  const int fd = lws_get_socket_fd(wsi_);
  if (has_output || streams) core_.watch.watch(fd, id_, {has_output, streams});
}

void HttpConnection::on_watched(const ConnectionWatch::Event& event) {
  if (event.hung_up) return cut_off();
  if (event.writable) allow_writing();
}

void HttpConnection::queue_head(const HttpResponse& response, ResponseFraming framing) {
  keeps_alive_ = may_go_on();
  framing.keep_alive = keeps_alive_;
  queue(serialize_head(response, framing, response_headers(core_.check, caller(), is_page_)));
}

int HttpConnection::on_writeable() {
  if (phase_ == Phase::undecided) {
    dispatch();
    return 0;
  }
  if (phase_ != Phase::answering && phase_ != Phase::streaming) return 0;
  while (!out_.empty() && lws_partial_buffered(wsi_) == 0 && lws_send_pipe_choked(wsi_) == 0) {
    const auto rest = std::string_view(out_.front()).substr(out_offset_);
    const int taken = core_.write_piece(wsi_, rest, LWS_WRITE_HTTP_HEADERS);
    if (is_secret_) core_.wipe_scratch();
    if (taken < 0) return -1;
    out_bytes_ -= static_cast<std::size_t>(taken);
    out_offset_ += static_cast<std::size_t>(taken);
    if (out_offset_ < out_.front().size()) continue;
    drop_front();
  }
  const bool written = out_.empty() && lws_partial_buffered(wsi_) == 0;
  if (written && phase_ == Phase::answering) return end_exchange();
  wait_quietly();
  return 0;
}

bool HttpConnection::may_go_on() const {
  const bool has_known_end = may_have_body(request_.method) == framing_.length.has_value();
  // Who waits for nothing leaves its place to others early enough.
  const auto in_use = core_.http_connections.size() + core_.sockets.size();
  const bool has_room = in_use < core_.limits.connections / 2;
  return framing_.http_1_1 && !framing_.closes && has_known_end && has_room && !core_.draining &&
         !is_refused(verdict_);
}

/// libwebsockets 4.1 never comes out of a body that was pipelined. What it has read beyond this
/// request can't be asked for, but whether it has read anything of anybody that waits: then the
/// connection is closed, and the client asks again for what is not answered (RFC 9112, 9.3.2).
int HttpConnection::end_exchange() {
  core_.watch.remove(lws_get_socket_fd(wsi_));
  phase_ = Phase::idle;
  request_ = {};
  constexpr int any_time = 1000;
  const bool is_clear = lws_service_adjust_timeout(lws_get_context(wsi_), any_time, 0) == any_time;
  return keeps_alive_ && is_clear && lws_http_transaction_completed(wsi_) == 0 ? 0 : -1;
}

bool HttpConnection::write_now(const HttpResponse& response) {
  ResponseFraming framing;
  framing.length = response.body.size();
  auto bytes = serialize_head(response, framing, response_headers(core_.check, caller(), false));
  if (request_.method != "HEAD") bytes += response.body;
  return core_.write_piece(wsi_, bytes, LWS_WRITE_HTTP_HEADERS) >= 0;
}

int HttpConnection::refuse_and_linger(const HttpResponse& response) {
  if (!write_now(response) || lws_partial_buffered(wsi_) != 0) return -1;
  // libwebsockets reads on only where it expects a body.
  if (!may_have_body(request_.method) && !framing_.length) return -1;
  phase_ = Phase::lingering;
  lingered_bytes_ = 0;
  ::shutdown(lws_get_socket_fd(wsi_), SHUT_WR);
  set_timer(wsi_, linger_within);
  return 0;
}

void HttpConnection::forget_request() {
  if (request_.id == 0) return;
  core_.requests.erase(request_.id);
  request_.id = 0;
}

}  // namespace aerie
