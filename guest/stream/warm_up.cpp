#include "guest/stream/warm_up.hpp"

#include <future>

#include "guest/stream/encoder_kinds.hpp"
#include "guest/stream/encoder_trial.hpp"
#include "guest/stream/gst_promise.hpp"
#include "guest/stream/log.hpp"
#include "guest/stream/peer_media.hpp"
#include "guest/stream/pipeline.hpp"

namespace aerie::stream {
namespace {

constexpr std::chrono::seconds longest_step{10};  // an emulated processor may be this slow

void make_certificate() {
  const auto element = GstPtr<GstElement>::sink(gst_element_factory_make("dtlsdec", nullptr));
}

/// Has webrtcbin make an offer, which nobody gets.
void try_offer() {
  const MediaClock clock;
  auto pipeline = Pipeline::parse("webrtcbin name=webrtc bundle-policy=max-bundle", clock);
  if (!pipeline) return;
  const auto webrtc = pipeline->element("webrtc");
  const auto caps = offered_video({Codec::h264, Codec::vp8});
  GstPtr<GstObject> transceiver;
  g_signal_emit_by_name(webrtc.get(), "add-transceiver",
                        GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_SENDONLY, caps.get(),
                        transceiver.out());
  if (!pipeline->play()) return;
  const auto made = std::make_shared<std::promise<void>>();
  const auto offer = promise([made](const GstStructure*) { made->set_value(); });
  g_signal_emit_by_name(webrtc.get(), "create-offer", nullptr, offer.get());
  made->get_future().wait_for(longest_step);
}

}  // namespace

WarmUp::WarmUp(EventLoop& loop, std::function<void()> done)
    : loop_(loop), done_(std::move(done)), thread_([this] {
        run();
        loop_.post([this, weak = std::weak_ptr<bool>{alive_}] {
          if (weak.expired()) return;
          is_done_ = true;
          done_();
        });
      }) {}

WarmUp::~WarmUp() {
  hurry();
}

void WarmUp::run() const {
  make_certificate();
  // Those that are offered unless configured; hardware has a trial of its own.
  for (const auto& kind : encoder_kinds())
    if (!is_hurried_ && !kind.is_hardware &&
        (kind.codec == Codec::h264 || kind.codec == Codec::vp8))
      if (const auto why = try_encoder(kind)) log_line("an encoder that stands by: " + *why);
  if (!is_hurried_) try_offer();
}

}  // namespace aerie::stream
