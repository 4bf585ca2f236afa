#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"

namespace aerie {

/// The most bytes of JSON a frame of the guest link may carry (contract, section 10).
inline constexpr std::size_t max_frame_bytes = 64 * 1024;

/// Encodes one frame: four bytes of length, big-endian, then that many bytes of JSON. Invalid UTF-8
/// in strings is replaced; a message that is too large gives `link_violation`.
[[nodiscard]] Result<std::string> encode_frame(const Json& message);

/// Cuts a byte stream into frames. Fed by an untrusted peer: the memory it holds is bounded by one
/// frame, and after the first violation it decodes nothing more.
class FrameDecoder {
 public:
  /// Appends what was read and returns the messages it completes, in order. An announced length of
  /// zero or above `max_frame_bytes`, bytes that are not a JSON object, and nesting deeper than 32
  /// give `link_violation`; messages completed before it in the same call are lost with it.
  [[nodiscard]] Result<std::vector<Json>> feed(std::string_view bytes);

  /// True while a frame is begun and not complete.
  [[nodiscard]] bool is_partial() const { return !buffer_.empty(); }

 private:
  std::string buffer_;
  bool broken_ = false;
};

}  // namespace aerie
