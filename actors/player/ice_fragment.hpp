#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace aerie {

/// What a player says of its ICE session in `application/trickle-ice-sdpfrag` (RFC 8840, 9).
struct IceFragment {
  std::string ufrag;  ///< the first one said; empty: none
  std::vector<std::string>
      candidates;  ///< `candidate:…`, of whichever medium: there is one transport
};

/// At most 64 candidates of 2 KiB; the error is a sentence.
[[nodiscard]] tl::expected<IceFragment, std::string> parse_ice_fragment(std::string_view text);

/// The first `ice-ufrag` of a session description; empty where there is none.
[[nodiscard]] std::string ice_ufrag_of(std::string_view sdp);

}  // namespace aerie
