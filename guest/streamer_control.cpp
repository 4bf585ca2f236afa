#include "guest/streamer_control.hpp"

#include <utility>

#include "runtime/process/unix_socket.hpp"
#include "runtime/process/utf8.hpp"

namespace aerie::guest {
namespace {

constexpr int control_fd = 3;
constexpr std::size_t most_failure_text = 2048;

/// The streamer handles what strangers send; its own account is read with care.
std::optional<Cause> failure_in(const Json& message) {
  try {
    auto cause = message.at("cause").get<Cause>();
    cause.message = valid_utf8(cause.message, most_failure_text);
    cause.remedy = valid_utf8(cause.remedy, most_failure_text);
    cause.evidence.clear();  // the exit's tail is the evidence
    return cause;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

Result<std::unique_ptr<StreamerControl>> StreamerControl::make(Reactor& reactor, Duration watchdog,
                                                               Events events) {
  auto pair = unix_socket_pair();
  if (!pair) return tl::unexpected(pair.error());
  std::unique_ptr<StreamerControl> control{
      new StreamerControl{reactor, watchdog, std::move(events)}};
  control->far_ = std::move(pair->second);
  control->socket_ = std::make_unique<FrameSocket>(
      reactor, std::move(pair->first),
      FrameSocket::Events{
          [self = control.get()](Json message) { self->on_message(std::move(message)); },
          {}});  // its end is told by its process
  return control;
}

StreamerControl::StreamerControl(Reactor& reactor, Duration watchdog, Events events)
    : reactor_(reactor), watchdog_(watchdog), events_(std::move(events)) {}

StreamerControl::~StreamerControl() {
  reactor_.cancel(timer_);
}

SpawnRequest StreamerControl::request(const std::string& program) const {
  SpawnRequest request;
  request.argv = {program};
  request.env = {{"AERIE_CONTROL_FD", std::to_string(control_fd)}};
  request.fds = {{far_.get(), control_fd}};
  return request;
}

void StreamerControl::on_started(const link::Configure& configure) {
  far_.reset();
  const auto& display = configure.display;
  send({{"type", "configure"},
        {"display",
         {{"width", display.width},
          {"height", display.height},
          {"fps", display.fps},
          {"follows", display.follows()}}},
        {"fileBytes", configure.file_bytes},
        {"iceServers", configure.ice_servers}});
}

void StreamerControl::send(const Json& body) {
  socket_->send(body);
}

void StreamerControl::when_awake(std::function<void()> awake) {
  awake_ = std::move(awake);
  send({{"type", "ping"}, {"nonce", "awake"}});
}

std::optional<Cause> StreamerControl::last_words() {
  socket_->read_now();
  return failure_;
}

void StreamerControl::on_message(Json message) {
  is_silent_ = false;
  const auto found = message.find("type");
  const auto type =
      found != message.end() && found->is_string() ? found->get<std::string>() : std::string{};
  if (type == "pong") {
    if (const auto awake = std::exchange(awake_, {})) awake();
    return;
  }
  if (type == "failure") failure_ = failure_in(message);
  if (type == "ready") {
    events_.on_ready();
    // Until here it has the deadline of its ready condition.
    if (watchdog_ > Duration{0} && !is_watched_) ping();
  }
  events_.on_says(std::move(message));
}

void StreamerControl::ping() {
  if (is_silent_)
    return events_.on_hung(
        {CauseKind::hung,
         "The streamer did not answer for " + std::to_string(watchdog_.count()) + " ms.",
         "Look at its last lines and at the load of the host; raise watchdogMs if it is merely "
         "slow.",
         {}});
  is_watched_ = true;
  is_silent_ = true;
  send({{"type", "ping"}, {"nonce", "watchdog"}});
  timer_ = reactor_.after(watchdog_, [this] { ping(); });
}

}  // namespace aerie::guest
