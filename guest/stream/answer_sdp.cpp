#include "guest/stream/answer_sdp.hpp"

#include <charconv>
#include <gst/sdp/sdp.h>

#include "guest/stream/playout_delay_extension.hpp"
#include "guest/stream/webrtc_parts.hpp"

namespace aerie::stream {
namespace {

constexpr guint most_media = 2;  // the offer's: video and data channels

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

/// The codec of an `rtpmap` value, `96 H264/90000`, if it is for `payload`.
std::optional<Codec> codec_of(std::string_view rtpmap, unsigned payload) {
  if (number(rtpmap) != payload) return std::nullopt;
  const auto space = rtpmap.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto name = rtpmap.substr(space + 1);
  if (name.starts_with("H264/")) return Codec::h264;
  if (name.starts_with("VP8/")) return Codec::vp8;
  if (name.starts_with("VP9/")) return Codec::vp9;
  return std::nullopt;
}

void note_extension(std::string_view extmap, AcceptedVideo& video) {
  const auto id = number(extmap);
  if (!id || *id < 1 || *id > 14) return;
  if (extmap.find(playout_delay_uri) != std::string_view::npos) video.playout_id = *id;
  if (extmap.find(transport_cc_uri) != std::string_view::npos) video.transport_cc_id = *id;
}

std::optional<AcceptedVideo> accepted_video(const GstSDPMedia* media) {
  for (guint format = 0; format < gst_sdp_media_formats_len(media); ++format) {
    const auto payload = number(gst_sdp_media_get_format(media, format));
    if (!payload || *payload > 127) continue;
    for (guint i = 0; const auto* map = gst_sdp_media_get_attribute_val_n(media, "rtpmap", i); ++i)
      if (const auto codec = codec_of(map, *payload)) return AcceptedVideo{*codec, *payload};
  }
  return std::nullopt;
}

}  // namespace

tl::expected<ParsedAnswer, std::string> parse_answer(const std::string& sdp) {
  ParsedAnswer result;
  result.description = parsed_description(GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
  if (!result.description)
    return tl::unexpected(std::string{"the answer is no session description"});
  const auto* message = result.description.get()->sdp;
  if (gst_sdp_message_medias_len(message) != most_media)
    return tl::unexpected(std::string{"the answer does not have the offer's two media"});
  const auto* media = gst_sdp_message_get_media(message, 0);
  if (std::string_view{gst_sdp_media_get_media(media)} != "video")
    return tl::unexpected(std::string{"the answer's first medium is not video"});
  const auto video = accepted_video(media);
  if (!video || gst_sdp_media_get_port(media) == 0)
    return tl::unexpected(std::string{"the viewer takes none of the offered video codecs"});
  result.video = *video;
  for (guint i = 0; const auto* map = gst_sdp_media_get_attribute_val_n(media, "extmap", i); ++i)
    note_extension(map, result.video);
  return result;
}

}  // namespace aerie::stream
