// The pipelines that browser streamers use today, to be measured beside ours: what is captured and
// how it is encoded is theirs; control socket, transport and input are ours, so that nothing else
// differs.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include "guest/stream/control_channel.hpp"
#include "guest/stream/desktop.hpp"
#include "guest/stream/encoder.hpp"
#include "guest/stream/peer.hpp"

namespace {

using namespace aerie;
using namespace aerie::stream;

struct Recipe {
  const char* name;
  Codec codec;
  const char* description;
};

// The first as neko encodes by default, the second as Selkies does. The colours are named so that
// pictures can be compared with ours.
constexpr Recipe recipes[] = {
    {"vp8", Codec::vp8,
     "ximagesrc show-pointer=true use-damage=false ! video/x-raw,framerate=25/1 ! videoconvert ! "
     "video/x-raw,format=I420,colorimetry=bt601 ! queue ! "
     "vp8enc name=encoder target-bitrate=3000000 cpu-used=16 threads=4 deadline=1 "
     "error-resilient=partitions keyframe-max-dist=15 static-threshold=20 ! "
     "appsink name=sink sync=false async=false"},
    {"x264", Codec::h264,
     "ximagesrc show-pointer=false use-damage=false ! video/x-raw,framerate=60/1 ! videoconvert ! "
     "video/x-raw,format=I420,colorimetry=bt601 ! "
     "x264enc name=encoder tune=zerolatency speed-preset=ultrafast bitrate=8000 "
     "vbv-buf-capacity=25 sliced-threads=true bframes=0 key-int-max=2147483647 byte-stream=true "
     "aud=false ! video/x-h264,profile=constrained-baseline,stream-format=byte-stream,"
     "alignment=au ! appsink name=sink sync=false async=false"},
};

const Recipe* recipe_named(const char* name) {
  for (const auto& recipe : recipes)
    if (std::strcmp(recipe.name, name) == 0) return &recipe;
  return nullptr;
}

/// Obeys a supervisor as `Streamer` does, for one viewer.
class PeerStreamer {
 public:
  PeerStreamer(EventLoop& loop, UniqueFd control, const Recipe& recipe)
      : loop_(loop),
        recipe_(recipe),
        control_(loop, std::move(control),
                 {.message = [this](const Json& message) { received(message); },
                  .closed = [this](const std::optional<Cause>&) { loop_.stop(); }}) {}
  ~PeerStreamer() {
    if (pipeline_) pipeline_->stop();
  }

 private:
  void received(const Json& json) {
    const auto message = parse_control(json);
    if (!message) std::abort();
    if (const auto* configure = std::get_if<Configure>(&*message)) start(*configure);
    if (const auto* add = std::get_if<AddPeer>(&*message)) offer(add->epoch);
    if (const auto* answer = std::get_if<Answer>(&*message)) peer_->answer(answer->sdp);
    if (const auto* candidate = std::get_if<Candidate>(&*message))
      peer_->add_candidate(candidate->candidate, candidate->line);
  }

  void start(const Configure& configuration) {
    configuration_ = configuration;
    configuration_.codecs = {recipe_.codec};
    auto desktop = Desktop::open(loop_, false,
                                 {.cursor = [](const CursorShape&) {},
                                  .clipboard = [](const std::string&) {},
                                  .failed = [](const Cause&) {}});
    if (!desktop) std::abort();
    desktop_ = std::move(*desktop);
    control_.send({{"type", "ready"}});
  }

  void say(Epoch epoch, const char* state, const std::string& reason = {}) {
    control_.send({{"type", "peer"}, {"epoch", epoch}, {"state", state}, {"reason", reason}});
  }

  void offer(Epoch epoch) {
    auto peer = Peer::create(
        loop_, clock_, configuration_,
        {.offer =
             [=, this](const std::string& sdp) {
               control_.send({{"type", "offer"}, {"epoch", epoch}, {"sdp", sdp}});
             },
         .candidate =
             [=, this](const std::string& candidate, unsigned line) {
               control_.send({{"type", "candidate"},
                              {"epoch", epoch},
                              {"candidate", candidate},
                              {"sdpMLineIndex", line}});
             },
         .connected = [this] { play(); },
         .first_frame = [=, this] { say(epoch, "first-frame"); },
         .failed = [=, this](const std::string& why) { say(epoch, "failed", why); },
         .closed = [this] { loop_.stop(); },
         .key_wanted = [this] { request_key(); },
         .input_opened = [] {},
         .message = [this](const ViewerMessage& message) { (void)desktop_->perform(message); },
         .round_trip = [](std::chrono::microseconds) {}});
    if (!peer) std::abort();
    peer_ = std::move(*peer);
  }

  void play() {
    auto pipeline = Pipeline::parse(recipe_.description, clock_);
    if (!pipeline) std::abort();
    pipeline_.emplace(std::move(*pipeline));
    GstAppSinkCallbacks callbacks{};
    callbacks.new_sample = [](GstAppSink* sink, gpointer self) {
      const GstPtr<GstSample> unit{gst_app_sink_pull_sample(sink)};
      auto& streamer = *static_cast<PeerStreamer*>(self);
      if (unit && streamer.peer_->feed()->push(in_running_time(unit.get()).get()))
        streamer.request_key();
      return GST_FLOW_OK;
    };
    const auto sink = pipeline_->element("sink");
    gst_app_sink_set_callbacks(GST_APP_SINK(sink.get()), &callbacks, this, nullptr);
    if (!pipeline_->play()) std::abort();
  }

  void request_key() {
    const auto encoder = pipeline_->element("encoder");
    const GstPtr<GstPad> pad{gst_element_get_static_pad(encoder.get(), "src")};
    gst_pad_send_event(pad.get(),
                       gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
  }

  EventLoop& loop_;
  const Recipe& recipe_;
  MediaClock clock_;
  Configure configuration_;
  ControlChannel control_;
  std::unique_ptr<Desktop> desktop_;
  std::shared_ptr<Peer> peer_;
  std::optional<Pipeline> pipeline_;
};

}  // namespace

int main(int count, char** arguments) {
  const char* control = std::getenv("AERIE_CONTROL_FD");
  const auto* recipe = count == 2 ? recipe_named(arguments[1]) : nullptr;
  if (recipe == nullptr || control == nullptr) {
    std::fprintf(stderr, "usage: AERIE_CONTROL_FD=N stream-peer vp8|x264\n");
    return 2;
  }
  gst_init(nullptr, nullptr);
  EventLoop loop;
  {
    const PeerStreamer streamer{loop, UniqueFd{std::atoi(control)}, *recipe};
    loop.run();
  }
  return 0;
}
