#include "guest/stream/audio_broadcast.hpp"

#include <chrono>
#include <gst/app/gstappsrc.h>
#include <utility>

namespace aerie::stream {
namespace {

constexpr std::chrono::seconds answer_within{5};

}  // namespace

AudioBroadcast::AudioBroadcast(EventLoop& loop, const MediaClock& clock, std::string server,
                               std::vector<IceServer> ice_servers, Events events)
    : loop_(loop),
      clock_(clock),
      server_(std::move(server)),
      ice_servers_(std::move(ice_servers)),
      events_(std::move(events)) {}

AudioBroadcast::~AudioBroadcast() {
  capture_.reset();
  encoder_.reset();
}

template <class Function>
auto AudioBroadcast::posted(Function function) {
  return [this, function, weak = std::weak_ptr{opening_}](const auto&... arguments) {
    loop_.post([this, function, weak, arguments...] {
      if (!weak.expired()) (this->*function)(arguments...);
    });
  };
}

// -- listeners ------------------------------------------------------------------------------------

void AudioBroadcast::add(Epoch epoch) {
  if (server_.empty())
    return events_.state(epoch, "failed", "the guest has no audio: its profile has no such child");
  if (const auto cause = missing_audio_element())
    return events_.state(epoch, "failed", cause->message + " " + cause->remedy);
  if (!capture_)
    if (const auto reason = open()) return events_.state(epoch, "failed", *reason);
  listeners_[epoch] = nullptr;
  if (has_answered_) make_peer(epoch);
}

void AudioBroadcast::make_peer(Epoch epoch) {
  auto peer = AudioPeer::create(loop_, clock_, ice_servers_, peer_events(epoch));
  if (!peer) return fail(epoch, peer.error().message);
  listeners_[epoch] = std::move(*peer);
}

AudioPeer::Events AudioBroadcast::peer_events(Epoch epoch) {
  return {.offer = [=, this](const std::string& sdp) { events_.offer(epoch, sdp); },
          .candidate = [=, this](const std::string& candidate,
                                 unsigned line) { events_.candidate(epoch, candidate, line); },
          .connected = [=, this] { peer_connected(epoch); },
          .failed = [=, this](const std::string& reason) { fail(epoch, reason); },
          .closed =
              [=, this] {
                events_.state(epoch, "closed", {});
                remove(epoch);
              }};
}

void AudioBroadcast::answer(Epoch epoch, const std::string& sdp) {
  const auto found = listeners_.find(epoch);
  if (found == listeners_.end()) return;
  const auto peer = found->second;  // an answer that fails removes the peer from the map
  if (peer) peer->answer(sdp);
}

void AudioBroadcast::add_candidate(Epoch epoch, const std::string& candidate, unsigned line) {
  const auto found = listeners_.find(epoch);
  if (found != listeners_.end() && found->second) found->second->add_candidate(candidate, line);
}

void AudioBroadcast::peer_connected(Epoch epoch) {
  const auto found = listeners_.find(epoch);
  if (found == listeners_.end()) return;
  if (!encoder_) {
    auto encoder =
        AudioEncoder::create(clock_, {.packet = [this](GstSample* packet) { deliver(packet); },
                                      .failed = posted(&AudioBroadcast::fail_all)});
    if (!encoder) return fail(epoch, encoder.error().message);
    encoder_ = std::move(*encoder);
  }
  {
    const std::scoped_lock lock{mutex_};
    feeds_[epoch] = found->second->source();
  }
  events_.state(epoch, "connected", {});
  capture_->set_active(true);
}

void AudioBroadcast::fail(Epoch epoch, const std::string& reason) {
  events_.state(epoch, "failed", reason);
  remove(epoch);
}

void AudioBroadcast::remove(Epoch epoch) {
  const auto found = listeners_.find(epoch);
  if (found == listeners_.end()) return;
  const auto peer = std::move(found->second);  // it may be its own event that ends it
  listeners_.erase(found);
  {
    const std::scoped_lock lock{mutex_};
    feeds_.erase(epoch);
  }
  close_when_unheard();
}

void AudioBroadcast::close_when_unheard() {
  if (capture_ && feeds_.empty()) capture_->set_active(false);
  if (feeds_.empty()) encoder_.reset();
  if (!listeners_.empty()) return;
  opening_.reset();
  answer_deadline_.cancel();
  has_answered_ = false;
  capture_.reset();
}

// -- the server -----------------------------------------------------------------------------------

std::optional<std::string> AudioBroadcast::open() {
  opening_ = std::make_shared<bool>(true);
  auto capture = AudioCapture::connect(
      server_, {.ready = posted(&AudioBroadcast::server_answered),
                .samples = [this](std::span<const std::int16_t> samples,
                                  bool is_first) { encoder_->push(samples, is_first); },
                .failed = posted(&AudioBroadcast::fail_all)});
  if (!capture) return capture.error().message;
  capture_ = std::move(*capture);
  answer_deadline_ = loop_.after(
      answer_within, [this] { fail_all("the guest's audio server did not answer within 5 s"); });
  return std::nullopt;
}

void AudioBroadcast::server_answered() {
  answer_deadline_.cancel();
  has_answered_ = true;
  std::vector<Epoch> waiting;
  for (const auto& [epoch, peer] : listeners_)
    if (!peer) waiting.push_back(epoch);
  for (const auto epoch : waiting)
    make_peer(epoch);
}

void AudioBroadcast::fail_all(const std::string& reason) {
  std::vector<Epoch> losers;
  for (const auto& [epoch, peer] : listeners_)
    losers.push_back(epoch);
  for (const auto epoch : losers)
    fail(epoch, reason);
}

/// On the encoder's thread.
void AudioBroadcast::deliver(GstSample* packet) {
  const std::scoped_lock lock{mutex_};
  for (const auto& [epoch, source] : feeds_)
    gst_app_src_push_sample(GST_APP_SRC(source.get()), packet);
}

}  // namespace aerie::stream
