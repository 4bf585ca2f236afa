#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "guest/stream/answer_sdp.hpp"
#include "guest/stream/control_messages.hpp"
#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {

/// The offer of a player (WHEP), and the answer to it. webrtcbin sees the one video that is
/// answered, in one codec, with the header extensions that we write; it would claim all that is
/// offered. Every other medium is answered here.
class PlayerOffer {
 public:
  /// The first of `codecs` that is offered so that we can send it: H.264 of the (constrained)
  /// baseline profile in packetization mode 1, VP8. The error is a clause for `peer failed`.
  [[nodiscard]] static tl::expected<PlayerOffer, std::string> parse(
      std::string_view sdp, const std::vector<Codec>& codecs);

  [[nodiscard]] const AcceptedVideo& video() const { return video_; }
  /// What webrtcbin is given in the offer's place.
  [[nodiscard]] const std::string& reduced() const { return reduced_; }
  /// Those of the player that it came with and that are of use (`candidate:…`); not in `reduced`.
  [[nodiscard]] const std::vector<std::string>& candidates() const { return candidates_; }
  /// For its transceiver.
  [[nodiscard]] GstPtr<GstCaps> caps() const;

  /// webrtcbin's answer as one to the whole offer, with all candidates (`candidate:…`) of ours: a
  /// player is told of none later. Media that we have not are inactive where they share the
  /// video's transport (RFC 9143: the first of them names it, so it is not to be rejected), else
  /// rejected.
  [[nodiscard]] std::string answer(std::string_view own,
                                   const std::vector<std::string>& candidates) const;

 private:
  using Lines = std::vector<std::string>;
  struct Medium {
    Lines lines;  ///< without their ends; the first is `m=…`
    std::string mid;
    bool is_bundled = false;
  };

  void find_bundle();
  [[nodiscard]] bool choose(std::size_t medium, Codec codec);
  void reduce();
  [[nodiscard]] const Medium& tagged() const;
  [[nodiscard]] Lines declined(const Medium& medium, const Lines& transport) const;

  Lines session_;
  std::vector<Medium> media_;
  std::size_t video_at_ = 0;
  unsigned retransmission_ = 0;  ///< payload type of RTX; 0: none
  AcceptedVideo video_;
  std::string reduced_;
  std::vector<std::string> candidates_;
};

}  // namespace aerie::stream
