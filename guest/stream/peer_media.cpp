#include "guest/stream/peer_media.hpp"

#include <string>

#include "guest/stream/playout_delay_extension.hpp"

namespace aerie::stream {
namespace {

constexpr unsigned playout_id = 3;
constexpr unsigned transport_cc_id = 4;

/// The next number is that of the codec's retransmissions.
unsigned payload_of(Codec codec) {
  switch (codec) {
    case Codec::h264:
      return 96;
    case Codec::vp8:
      return 98;
    case Codec::vp9:
      return 100;
  }
  return 0;
}

const char* encoding_of(Codec codec) {
  switch (codec) {
    case Codec::h264:
      return "H264,packetization-mode=(string)1,profile-level-id=(string)42e01f,"
             "level-asymmetry-allowed=(string)1";
    case Codec::vp8:
      return "VP8";
    case Codec::vp9:
      return "VP9,profile-id=(string)0";
  }
  return "";
}

/// What RTP carries under a payload type.
void append_format(GstCaps* caps, unsigned payload, const std::string& encoding) {
  const auto text =
      "application/x-rtp,media=video,clock-rate=90000,payload=" + std::to_string(payload) +
      ",encoding-name=" + encoding;
  gst_caps_append(caps, gst_caps_from_string(text.c_str()));
}

const char* payloader_of(Codec codec) {
  switch (codec) {
    case Codec::h264:
      // The encoder repeats its parameter sets with each key frame. With config-interval=-1 the
      // payloader would set them before each slice too, which cuts the picture in two.
      return "rtph264pay name=payloader aggregate-mode=zero-latency config-interval=0";
    case Codec::vp8:
      return "rtpvp8pay name=payloader picture-id-mode=15-bit";
    case Codec::vp9:
      return "rtpvp9pay name=payloader picture-id-mode=15-bit";
  }
  return "";
}

}  // namespace

GstPtr<GstCaps> offered_video(const std::vector<Codec>& codecs) {
  const auto of_all =
      ",rtcp-fb-nack=true,rtcp-fb-nack-pli=true,rtcp-fb-ccm-fir=true,rtcp-fb-transport-cc=true,"
      "extmap-" +
      std::to_string(playout_id) + "=(string)\"" + playout_delay_uri + "\",extmap-" +
      std::to_string(transport_cc_id) + "=(string)\"" + transport_cc_uri + "\"";
  GstPtr<GstCaps> caps{gst_caps_new_empty()};
  for (const auto codec : codecs) {
    const auto payload = payload_of(codec);
    append_format(caps.get(), payload, encoding_of(codec) + of_all);
    // RFC 4588. webrtcbin takes it for one more codec, and sends by it nevertheless.
    if (codec != codecs.front())
      append_format(caps.get(), payload + 1, "rtx,apt=(string)" + std::to_string(payload));
  }
  return caps;
}

GstPtr<GstElement> make_sender(const AcceptedVideo& video) {
  const auto description =
      "appsrc name=source is-live=true format=time max-bytes=0 max-buffers=0 max-time=0 ! " +
      std::string{payloader_of(video.codec)} +
      " mtu=1200 auto-header-extension=false pt=" + std::to_string(video.payload) +
      (video.ssrc != 0 ? " ssrc=" + std::to_string(video.ssrc) : "");
  auto bin = GstPtr<GstElement>::sink(
      gst_parse_bin_from_description(description.c_str(), /*ghost_unlinked_pads=*/TRUE, nullptr));
  if (!bin) return {};
  const auto element = element_of(bin.get(), "payloader");
  if (video.playout_id != 0)
    g_signal_emit_by_name(element.get(), "add-extension",
                          make_playout_delay_extension(video.playout_id).get());
  if (video.transport_cc_id != 0)
    g_signal_emit_by_name(element.get(), "add-extension",
                          make_transport_cc_extension(video.transport_cc_id).get());
  return bin;
}

}  // namespace aerie::stream
