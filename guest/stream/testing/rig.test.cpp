#include "guest/stream/testing/rig.hpp"

#include <array>
#include <stdexcept>
#include <sys/socket.h>

#include "tests/support/udp_relay.hpp"

namespace aerie::stream::testing {

Rig::Rig() {
  gst_init(nullptr, nullptr);
  std::array<int, 2> ends{};
  ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data());
  control_ = std::make_unique<ControlChannel>(
      loop, UniqueFd{ends[0]},
      ControlChannel::Events{.message = [this](const Json& message) { heard(message); },
                             .closed = [](const std::optional<Cause>&) {}});
  streamer_ =
      std::make_unique<Streamer>(loop, UniqueFd{ends[1]}, [this](int with) { status = with; });
}

Rig::~Rig() {
  viewers_.clear();
  listeners_.clear();
  streamer_.reset();
}

bool Rig::until(const std::function<bool()>& done) {
  bool late = false;
  const auto deadline = loop.after(std::chrono::seconds{20}, [&] { late = true; });
  while (!done() && !late)
    loop.step();
  return done();
}

void Rig::heard(const Json& message) {
  messages_.push_back(message);
  if (!message.contains("epoch")) return;
  pass_to_listener(message);
  const auto found = viewers_.find(message["epoch"].get<Epoch>());
  if (found == viewers_.end()) return;
  if (message["type"] == "offer") found->second->take_offer(message["sdp"]);
  if (message["type"] == "answer") found->second->take_answer(message["sdp"]);
  if (message["type"] != "candidate") return;
  const std::string candidate = message["candidate"];
  auto* relay = relays_[found->first];
  if (const auto led = relay ? relay->lead_through(candidate) : candidate)
    found->second->take_candidate(*led, message["sdpMLineIndex"]);
}

void Rig::pass_to_listener(const Json& message) {
  const auto found = listeners_.find(message["epoch"].get<Epoch>());
  if (found == listeners_.end()) return;
  if (message["type"] == "offer") found->second->take_offer(message["sdp"]);
  if (message["type"] == "candidate")
    found->second->take_candidate(message["candidate"], message["sdpMLineIndex"]);
}

std::vector<Json> Rig::said(const std::string& type) const {
  std::vector<Json> found;
  for (const auto& message : messages_)
    if (message["type"] == type) found.push_back(message);
  return found;
}

bool Rig::peer_is(Epoch epoch, const std::string& state) const {
  for (const auto& message : said("peer"))
    if (message["epoch"] == epoch && message["state"] == state) return true;
  return false;
}

void Rig::configure(bool follows, std::int64_t file_bytes) {
  say({{"type", "configure"},
       {"display",
        {{"width", XServer::width},
         {"height", XServer::height},
         {"fps", 30},
         {"follows", follows}}},
       {"fileBytes", file_bytes},
       {"iceServers", Json::array()}});
}

std::string Rig::start_until_failure() {
  configure();
  if (!until([&] { return status && !said("failure").empty(); })) return {};
  return said("failure").front()["cause"]["message"];
}

std::string Rig::paste(Painter& painter) {
  painter.ask_paste();
  std::optional<std::string> text;
  const auto watch = loop.watch(painter.x().descriptor(), G_IO_IN, [](GIOCondition) {});
  (void)until([&] {
    if (!text) text = painter.pasted();
    return text.has_value();
  });
  return text.value_or("");
}

bool Rig::start() {
  return start(false, 0);
}

bool Rig::start(bool follows, std::int64_t file_bytes) {
  configure(follows, file_bytes);
  return until([&] { return !said("ready").empty(); });
}

std::shared_ptr<Viewer> Rig::join(Epoch epoch, Codec codec, test::UdpRelay* relay,
                                  std::optional<Epoch> beside) {
  const auto viewer = Viewer::create(loop, epoch, codec, [this, relay](Json message) {
    if (relay && message["type"] == "candidate") return;
    if (relay && message["type"] == "answer")
      message["sdp"] = test::without_candidates(message["sdp"]);
    say(message);
  });
  if (viewers_mind_losses) viewer->mind_losses();
  viewers_[epoch] = viewer;
  relays_[epoch] = relay;
  Json add{{"type", "add"}, {"epoch", epoch}, {"media", "main"}};
  if (beside) add["beside"] = *beside;
  say(add);
  const bool shown = until([&] { return viewer->frames > 0 && viewer->has_channels(); });
  return shown ? viewer : nullptr;
}

std::shared_ptr<Viewer> Rig::play(Epoch epoch, Codec codec) {
  const auto viewer =
      Viewer::create(loop, epoch, codec, [this](const Json& message) { say(message); });
  if (viewers_mind_losses) viewer->mind_losses();
  viewers_[epoch] = viewer;
  viewer->offer();
  return until([&] { return viewer->frames > 0; }) ? viewer : nullptr;
}

std::shared_ptr<Listener> Rig::listen(Epoch epoch) {
  const auto listener =
      Listener::create(loop, epoch, [this](const Json& message) { say(message); });
  listeners_[epoch] = listener;
  say({{"type", "add"}, {"epoch", epoch}, {"media", "audio"}});
  return until([&] { return peer_is(epoch, "connected"); }) ? listener : nullptr;
}

void Rig::leave(Epoch epoch) {
  viewers_.erase(epoch);
  listeners_.erase(epoch);
  say({{"type", "remove"}, {"epoch", epoch}});
  say({{"type", "ping"}, {"nonce", epoch}});
  (void)until([&] { return !said("pong").empty() && said("pong").back()["nonce"] == epoch; });
}

Painter::Input Rig::next_input(Painter& painter, std::uint8_t type) {
  std::optional<Painter::Input> found;
  const auto watch = loop.watch(painter.x().descriptor(), G_IO_IN, [](GIOCondition) {});
  const bool came = until([&] {
    while (!found) {
      const auto input = painter.poll_input();
      if (!input) return false;
      if (input->type == type) found = input;
    }
    return true;
  });
  if (!came) throw std::runtime_error("no event of type " + std::to_string(type));
  return *found;
}

void Rig::settle(Viewer& viewer, std::chrono::milliseconds quiet) {
  for (int before = -1; before != viewer.frames;) {
    before = viewer.frames;
    bool over = false;
    const auto pause = loop.after(quiet, [&] { over = true; });
    (void)until([&] { return over; });
  }
}

}  // namespace aerie::stream::testing
