#include "guest/stream/streamer.hpp"

#include <cmath>

#include "guest/stream/encoder_trial.hpp"
#include "guest/stream/log.hpp"
#include "guest/stream/own_certificate.hpp"

namespace aerie::stream {
namespace {

constexpr std::size_t most_peers = 64;
/// Key frames that viewers ask for are at least this far apart; one serves all of them.
constexpr std::chrono::milliseconds key_pause{200};
constexpr std::chrono::milliseconds figures_pause{1000};

std::string line_of(Epoch epoch, std::string_view what) {
  return "peer " + std::to_string(epoch) + ": " + std::string{what};
}

void say_halved(Codec codec, bool is_halved) {
  log_line(std::string{to_string(codec)} +
           (is_halved
                ? ": pictures at half their size while they move, since the network takes too "
                  "little for whole ones"
                : ": pictures at their whole size again"));
}

}  // namespace

Streamer::Streamer(EventLoop& loop, UniqueFd control, std::function<void(int)> finished)
    : loop_(loop),
      finished_(std::move(finished)),
      warm_up_(loop,
               [this] {
                 if (const auto ping = std::exchange(unanswered_, std::nullopt)) handle(*ping);
               }),
      chooser_(encoder_kinds(),
               {.trial = [](const EncoderKind& kind) { return try_encoder(kind); }}),
      encoder_trials_([this] { chooser_.try_hardware(); }),
      control_(loop, std::move(control),
               {.message = [this](const Json& message) { received(message); },
                .closed =
                    [this](const std::optional<Cause>& cause) {
                      if (cause) log_line(cause->message);
                      finish(cause ? 1 : 0);
                    }}),
      screenshots_(loop, [this](const Json& message) { control_.send(message); }) {}

Streamer::~Streamer() {
  // Encoders and capture call each other from their threads: those end before either object goes.
  recording_.reset();
  peers_.clear();
  if (capture_) capture_->stop();
  if (fan_out_) fan_out_->stop();
}

void Streamer::received(const Json& json) {
  if (done_) return;
  const auto message = parse_control(json);
  if (!message) return fail(message.error());
  if (!configuration_ && !std::holds_alternative<Configure>(*message) &&
      !std::holds_alternative<Ping>(*message))
    return fail({CauseKind::link_violation,
                 "The first message was not configure.",
                 "Run a supervisor and a streamer of the same version.",
                 {}});
  std::visit([this](const auto& kind) { handle(kind); }, *message);
}

void Streamer::handle(const Configure& configuration) {
  if (configuration_) return log_line("configure came twice; the first one stands");
  configuration_ = configuration;
  warm_up_.hurry();
  renew_randomness();
  if (const auto cause = take_configured_codecs()) return fail(*cause);
  if (const auto cause = start(*configuration_)) fail(*cause);
}

std::optional<Cause> Streamer::start(const Configure& configuration) {
  if (auto cause = missing_element(configuration.codecs)) return cause;
  if (auto cause = open_desktop()) return cause;
  open_audio(configuration);
  open_files();
  return start_capture(configuration);
}

std::optional<Cause> Streamer::open_desktop() {
  auto desktop = Desktop::open(
      loop_, configuration_->follows,
      {.cursor =
           [this](const CursorShape& shape) {
             for (auto& [epoch, viewer] : peers_)
               if (auto* channels = viewer.peer->channels())
                 channels->send(viewer.cursors.message_for(shape));
           },
       .clipboard =
           [this](const std::string& text) {
             const auto found = holder_ ? peers_.find(*holder_) : peers_.end();
             auto* channels = found != peers_.end() ? found->second.peer->channels() : nullptr;
             if (channels) channels->send({{"type", "clipboard"}, {"text", text}});
           },
       .failed = [this](const Cause& cause) { loop_.post([this, cause] { fail(cause); }); }});
  if (!desktop) return desktop.error();
  desktop_ = std::move(*desktop);
  return std::nullopt;
}

std::optional<Cause> Streamer::start_capture(const Configure& configuration) {
  fan_out_ = std::make_unique<FanOut>(
      VideoFormat{configuration.width, configuration.height, configuration.fps}, clock_, chooser_,
      FanOut::Events{.frame_wanted = [this] { capture_->request_frame(); },
                     .settled = [this](GstClockTime time) { capture_->settled(time); },
                     .halved = say_halved,
                     .failed =
                         [this](Codec codec, const Cause& cause) {
                           loop_.post([this, codec, cause] { encoder_failed(codec, cause); });
                         }});
  auto capture = ScreenCapture::start(
      configuration.fps, clock_,
      {.frame = [this](GstSample* frame, PictureUse use) { fan_out_->push(frame, use); },
       .resized =
           [this](int width, int height) {
             loop_.post([this, width, height] { resized(width, height); });
           },
       .failed = [this](Cause cause) { loop_.post([this, cause] { fail(cause); }); }});
  if (!capture) return capture.error();
  capture_ = std::move(*capture);
  make_recording();
  return std::nullopt;
}

void Streamer::resized(int width, int height) {
  const bool first = announced_size_ == std::pair<int, int>{};
  announced_size_ = {width, height};
  desktop_->set_screen(width, height);
  follow_size(width, height);
  if (!first) return control_.send({{"type", "display"}, {"width", width}, {"height", height}});
  Json codecs = Json::array();
  for (const auto codec : configuration_->codecs)
    codecs.push_back(to_string(codec));
  const GstPtr<gchar> version{
      g_strdup_printf("%d.%d.%d", GST_VERSION_MAJOR, GST_VERSION_MINOR, GST_VERSION_MICRO)};
  control_.send({{"type", "ready"},
                 {"display", {{"width", width}, {"height", height}}},
                 {"codecs", codecs},
                 {"versions", {{"gstreamer", version.get()}}}});
}

void Streamer::handle(const AddPeer& add) {
  // Asked for again by a controller that follows one which had not written the asking down.
  drop_peer(add.epoch);
  if (peers_.size() + audio_->size() >= most_peers)
    return say_peer(add.epoch, "failed", "there are 64 peers already");
  if (add.is_audio) return audio_->add(add.epoch);
  std::optional<PlayerOffer> player;
  if (!add.offer.empty()) {
    auto offer = PlayerOffer::parse(add.offer, configuration_->codecs);
    if (!offer) return refuse_offer(add.epoch, offer.error());
    player = std::move(*offer);
  }
  auto peer =
      Peer::create(loop_, clock_, *configuration_, peer_events(add.epoch), std::move(player));
  if (!peer) return say_peer(add.epoch, "failed", peer.error().message);
  if (files_ && (*peer)->files()) files_->add(add.epoch, (*peer)->files());
  peers_[add.epoch] = {std::move(*peer), {}, {}, add.beside, {}};
}

Peer::Events Streamer::peer_events(Epoch epoch) {
  return {
      .offer =
          [=, this](const std::string& sdp) {
            control_.send({{"type", "offer"}, {"epoch", epoch}, {"media", "main"}, {"sdp", sdp}});
          },
      .answer =
          [=, this](const std::string& sdp) {
            control_.send({{"type", "answer"}, {"epoch", epoch}, {"media", "main"}, {"sdp", sdp}});
          },
      .candidate =
          [=, this](const std::string& candidate, unsigned line) {
            control_.send({{"type", "candidate"},
                           {"epoch", epoch},
                           {"candidate", candidate},
                           {"sdpMLineIndex", line},
                           {"sdpMid", line == 0 ? "video0" : "application1"}});
          },
      .connected = [=, this] { peer_connected(epoch); },
      .first_frame = [=, this] { say_peer(epoch, "first-frame"); },
      .failed =
          [=, this](const std::string& reason) {
            say_peer(epoch, "failed", reason);
            drop_peer(epoch);
          },
      .closed =
          [=, this] {
            say_peer(epoch, "closed");
            drop_peer(epoch);
          },
      .key_wanted =
          [=, this] {
            if (const auto found = peers_.find(epoch); found != peers_.end())
              key_wanted(found->second.peer->codec());
          },
      .input_opened = [=, this] { input_opened(epoch); },
      .message = [=, this](const ViewerMessage& message) { viewer_said(epoch, message); },
      .round_trip =
          [=, this](std::chrono::microseconds trip) {
            if (const auto found = peers_.find(epoch); found != peers_.end())
              found->second.round_trip = trip;
          },
      .rate_changed = [this] { plan_rates(); },
      .frame_wanted = [this] { capture_->request_frame(); },
      .silent = [=, this] { say_peer(epoch, "silent"); },
  };
}

void Streamer::handle(const Answer& answer) {
  if (audio_->has(answer.epoch)) return audio_->answer(answer.epoch, answer.sdp);
  if (const auto found = peers_.find(answer.epoch); found != peers_.end()) {
    const auto peer = found->second.peer;  // an answer that fails removes the peer from the map
    peer->answer(answer.sdp);
  }
}

void Streamer::handle(const Candidate& candidate) {
  if (audio_->has(candidate.epoch))
    return audio_->add_candidate(candidate.epoch, candidate.candidate, candidate.line);
  if (const auto found = peers_.find(candidate.epoch); found != peers_.end())
    found->second.peer->add_candidate(candidate.candidate, candidate.line);
}

void Streamer::handle(const RemovePeer& remove) {
  drop_peer(remove.epoch);
}

void Streamer::handle(const GiveControl& give) {
  if (give.epoch == holder_) return;
  if (desktop_) desktop_->release_all();
  holder_ = give.epoch;
  if (files_) files_->set_holder(holder_);
  plan_rates();
}

void Streamer::handle(const Ping& ping) {
  // Who stands by is awake when it has all that the first viewer would wait for.
  if (!configuration_ && !warm_up_.is_done()) {
    unanswered_ = ping;
    return;
  }
  control_.send({{"type", "pong"}, {"nonce", ping.nonce}});
}

void Streamer::peer_connected(Epoch epoch) {
  const auto found = peers_.find(epoch);
  if (found == peers_.end()) return;
  const auto peer = found->second.peer;
  say_peer(epoch, "connected");
  if (const auto cause = fan_out_->add(peer->codec(), peer->feed())) {
    say_peer(epoch, "failed", cause->message);
    return drop_peer(epoch);
  }
  say_encoder(epoch, peer->codec());
  take_over(epoch);
  plan_rates();
  capture_->set_active(true);
  if (figures_timer_) return;
  figures_since_ = std::chrono::steady_clock::now();
  figures_timer_ = loop_.after(figures_pause, [this] { tell_figures(); });
}

/// How the stream fares, once a second while it changes, and once more when it is still.
void Streamer::tell_figures() {
  figures_timer_.cancel();
  const auto now = std::chrono::steady_clock::now();
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(
      now - std::exchange(figures_since_, now));
  if (fan_out_->encoders() > 0)
    figures_timer_ = loop_.after(figures_pause, [this] { tell_figures(); });
  bool is_still = true;
  Json encoders = Json::array();
  for (const auto& [codec, figures] : fan_out_->take_figures()) {
    is_still = is_still && figures.bytes == 0;
    Json times = Json::array();
    for (const auto time : figures.times)
      times.push_back(time.count());
    encoders.push_back(
        {{"codec", to_string(codec)}, {"bytes", figures.bytes}, {"encodeUs", std::move(times)}});
  }
  if (std::exchange(was_still_, is_still) && is_still) return;
  Json trips = Json::array();
  Json targets = Json::array();
  Json losses = Json::array();
  for (auto& [epoch, viewer] : peers_) {
    if (viewer.round_trip) trips.push_back(viewer.round_trip->count());
    if (const auto& control = viewer.peer->send_control()) {
      targets.push_back(control->figures().target);
      losses.push_back(std::lround(1000 * control->figures().loss));
    }
    viewer.peer->measure();
  }
  control_.send({{"type", "stats"},
                 {"afterMs", passed.count()},
                 {"encoders", std::move(encoders)},
                 {"roundTripsUs", std::move(trips)},
                 {"targetsBps", std::move(targets)},
                 {"lossesPermille", std::move(losses)}});
}

void Streamer::drop_peer(Epoch epoch) {
  if (audio_->has(epoch)) return audio_->remove(epoch);
  const auto found = peers_.find(epoch);
  if (found == peers_.end()) return;
  const auto peer = std::move(found->second.peer);
  peers_.erase(found);
  if (files_) files_->remove(epoch);
  if (holder_ == epoch) {
    holder_.reset();
    if (files_) files_->set_holder(holder_);
    desktop_->release_all();
  }
  if (!fan_out_) return;
  if (peer->feed()) fan_out_->remove(peer->codec(), peer->feed());
  plan_rates();
  if (fan_out_->encoders() == 0) capture_->set_active(false);
}

void Streamer::input_opened(Epoch epoch) {
  const auto found = peers_.find(epoch);
  if (found == peers_.end()) return;
  auto& viewer = found->second;
  if (recording_ && recording_->is_on())
    viewer.peer->channels()->send({{"type", "recording"}, {"on", true}});
  if (!desktop_->cursor()) return;
  viewer.peer->channels()->send(viewer.cursors.message_for(*desktop_->cursor()));
}

void Streamer::viewer_said(Epoch epoch, const ViewerMessage& message) {
  const auto found = peers_.find(epoch);
  if (found == peers_.end()) return;
  const auto peer = found->second.peer;
  auto& channels = *peer->channels();  // it came over one of them
  if (!has_control(epoch)) return channels.refuse({"not-in-control"});
  if (const auto* wish = std::get_if<RecordRequest>(&message)) return record(channels, *wish);
  if (const auto refusal = desktop_->perform(message)) channels.refuse(*refusal);
}

void Streamer::say_peer(Epoch epoch, std::string_view state, const std::string& reason) {
  Json message{{"type", "peer"}, {"epoch", epoch}, {"state", state}};
  if (!reason.empty()) message["reason"] = reason;
  log_line(
      line_of(epoch, reason.empty() ? std::string{state} : std::string{state} + ": " + reason));
  control_.send(message);
}

/// It is the offer that is at fault, not the peer.
void Streamer::refuse_offer(Epoch epoch, const std::string& reason) {
  log_line(line_of(epoch, "refused: " + reason));
  control_.send({{"type", "peer"},
                 {"epoch", epoch},
                 {"state", "failed"},
                 {"code", "not-acceptable"},
                 {"reason", reason}});
}

void Streamer::key_wanted(Codec codec) {
  auto& pause = key_pauses_[codec];
  if (pause) return;  // the end of the pause asks
  fan_out_->request_key(codec);
  pause = loop_.after(key_pause, [this, codec] { key_pauses_[codec].cancel(); });
}

/// Viewers without feedback are sent what the others' networks take, or the most there is.
void Streamer::plan_rates() {
  if (!fan_out_) return;
  std::vector<RatedViewer> viewers;
  for (const auto& [epoch, viewer] : peers_)
    if (const auto& control = viewer.peer->send_control())
      viewers.push_back({epoch, viewer.peer->codec(), control->target(), epoch == holder_});
  const auto& screen = *configuration_;
  const int most = bitrate_of({screen.width, screen.height, screen.fps});
  for (const auto codec : screen.codecs) {
    const auto leader = leader_of(viewers, codec);
    const int target = leader ? leader->target : most;
    fan_out_->set_target(codec, target, leader ? peers_.at(leader->epoch).peer->feed() : nullptr);
  }
}

void Streamer::fail(const Cause& cause) {
  if (done_) return;
  log_line(cause.message + " " + cause.remedy);
  control_.send({{"type", "failure"}, {"cause", cause}});
  control_.flush();
  finish(1);
}

void Streamer::finish(int status) {
  if (done_) return;
  done_ = true;
  finished_(status);
}

}  // namespace aerie::stream
