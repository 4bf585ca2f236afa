#pragma once

#include <string>
#include <vector>

#include "messages/cause.hpp"

namespace aerie {

/// ICE servers (a list of RTCIceServer objects) as values of `Link` headers (RFC 9725, 4.6):
/// `<stun:stun.example.net>; rel="ice-server"`, with `username`, `credential` and `credential-type`
/// where a server has them.
[[nodiscard]] std::vector<std::string> ice_links(const Json& servers);

}  // namespace aerie
