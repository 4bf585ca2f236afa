#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace aerie::stream {

/// What a test of the network tries at a time: nothing else is offered, so nothing else connects.
enum class Transport { udp, tcp };

/// A session description without the candidates that are over another transport, or that have a
/// name (mDNS) in place of an address: who has those is found by its own checks.
[[nodiscard]] std::string with_candidates_over(Transport transport, std::string_view sdp);

/// A description of one medium with these candidates (`candidate:…`) in place of its own, and the
/// word that these are all.
[[nodiscard]] std::string with_candidates(std::string_view sdp,
                                          const std::vector<std::string>& candidates);

/// True for a candidate over that transport.
[[nodiscard]] bool is_over(Transport transport, std::string_view candidate);

/// The same candidate of a host at another address, under which viewers elsewhere find it; empty
/// where it is none of a host, or no IPv4 one.
[[nodiscard]] std::string at_address(std::string_view candidate, std::string_view address);

}  // namespace aerie::stream
