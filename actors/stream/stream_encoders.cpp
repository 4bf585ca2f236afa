#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "actors/stream/stream.hpp"
#include "messages/text_field.hpp"

// What makes viewers' pictures, and why, as the streamer says it.

namespace aerie {
namespace {

constexpr std::size_t most_reason = 512;

/// Names that a guest made up would each be a line of the metrics for good.
bool is_known_encoder(std::string_view codec, std::string_view encoder) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> known{
      {{"h264", "vah264enc"},
       {"h264", "vaapih264enc"},
       {"h264", "nvh264enc"},
       {"h264", "x264enc"},
       {"vp8", "vp8enc"},
       {"vp9", "vp9enc"}}};
  return std::find(known.begin(), known.end(), std::pair{codec, encoder}) != known.end();
}

}  // namespace

/// Once a peer; recorded when it is not what the viewer had before.
void Stream::on_encoder(std::uint64_t epoch, const Json& body) {
  auto& peer = peers_.at(epoch);
  const auto codec = text_in(body, "codec");
  const auto encoder = text_in(body, "encoder");
  const auto reason = text_in(body, "reason");
  if (!peer.encoder.empty() || !is_known_encoder(codec, encoder) || reason.size() > most_reason)
    return;
  peer.encoder = encoder;
  peer.encoder_reason = reason;
  remember();
  const bool is_news = std::exchange(encoder_reasons_[peer.viewer], reason) != reason;
  if (!is_news || subject_.empty()) return;
  record("stream.encoder",
         {{"viewer", peer.viewer}, {"codec", codec}, {"encoder", encoder}, {"detail", reason}});
}

}  // namespace aerie
