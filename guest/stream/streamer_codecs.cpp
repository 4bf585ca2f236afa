#include <cstdlib>

#include "guest/stream/log.hpp"
#include "guest/stream/streamer.hpp"

// Which codecs are offered, and what makes a viewer's pictures.

namespace aerie::stream {

/// The controller's `media.codecs`, or the profile's own wish.
std::optional<Cause> Streamer::take_configured_codecs() {
  const char* list = std::getenv("AERIE_CODECS");
  if (list == nullptr) return std::nullopt;
  auto codecs = parse_codecs(list);
  if (!codecs)
    return Cause{CauseKind::environment_missing,
                 "AERIE_CODECS is wrong: " + codecs.error() + ".",
                 "Correct it in the env of the profile's stream child.",
                 {}};
  configuration_->codecs = std::move(*codecs);
  return std::nullopt;
}

/// What the viewer's pictures are made by, and why.
void Streamer::say_encoder(Epoch epoch, Codec codec) {
  const auto choice = fan_out_->choice(codec);
  if (!choice) return;
  control_.send({{"type", "encoder"},
                 {"epoch", epoch},
                 {"codec", to_string(codec)},
                 {"encoder", choice->kind->element},
                 {"reason", choice->reason}});
}

void Streamer::encoder_failed(Codec codec, const Cause& cause) {
  log_line(cause.message);
  // While anybody is fed by it, it stays, and no other takes its place.
  if (recording_) recording_->encoder_failed(codec, cause.message);
  std::vector<Epoch> losers;
  for (const auto& [epoch, viewer] : peers_)
    if (viewer.peer->feed() && viewer.peer->codec() == codec) losers.push_back(epoch);
  for (const auto epoch : losers) {
    say_peer(epoch, "failed", cause.message);
    drop_peer(epoch);
  }
}

}  // namespace aerie::stream
