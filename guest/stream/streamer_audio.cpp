#include <cstdlib>

#include "guest/stream/streamer.hpp"

// Sound: peers of its own, beside those of the pictures.

namespace aerie::stream {

void Streamer::open_audio(const Configure& configuration) {
  const char* server = std::getenv("PULSE_SERVER");
  audio_ = std::make_unique<AudioBroadcast>(
      loop_, clock_, server != nullptr ? server : "", configuration.ice_servers,
      AudioBroadcast::Events{
          .offer =
              [this](Epoch epoch, const std::string& sdp) {
                control_.send(
                    {{"type", "offer"}, {"epoch", epoch}, {"media", "audio"}, {"sdp", sdp}});
              },
          .candidate =
              [this](Epoch epoch, const std::string& candidate, unsigned line) {
                control_.send({{"type", "candidate"},
                               {"epoch", epoch},
                               {"candidate", candidate},
                               {"sdpMLineIndex", line},
                               {"sdpMid", "audio0"}});
              },
          .state = [this](Epoch epoch, const char* state,
                          const std::string& reason) { say_peer(epoch, state, reason); }});
}

}  // namespace aerie::stream
