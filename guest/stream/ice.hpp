#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "guest/stream/control_messages.hpp"
#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {

/// libnice's own agent of a webrtcbin.
[[nodiscard]] GstPtr<GObject> agent_of(GstElement* webrtc);

/// Gives a fresh webrtcbin its servers and local addresses: those of the host's interfaces and
/// 127.0.0.1, which libnice leaves out by itself; in a guest's own network its one address alone.
/// Addresses of interfaces are capped at 8. Where
/// the environment has AERIE_MEDIA_PORTS (`FIRST-LAST`), its UDP ports are of that range: those
/// are reached from outside.
/// `has_tcp`: also over TCP, which streams don't offer.
/// It is to use the first pair of addresses that works, and what comes before that waits for it.
void set_up_ice(GstElement* webrtc, const std::vector<IceServer>& servers, bool has_tcp = false);

/// Leaves out what takes libnice 200 ms and finds nothing in a guest: UPnP. For who waits until all
/// candidates are there.
void gather_at_once(GstElement* webrtc);

/// From now on the peer ends as failed when the viewer answers none of libnice's keep-alives, which
/// go out every 25 s, for 20 s: a player that vanished without a word is heard of no other way.
void expect_answers(GstElement* webrtc);

/// The range of AERIE_MEDIA_PORTS; none where it is malformed.
[[nodiscard]] std::optional<std::pair<unsigned, unsigned>> media_ports(std::string_view text);

/// `turn://user:secret@host:port?...` for webrtcbin from a server's address, its user and secret
/// percent-encoded.
[[nodiscard]] std::string turn_uri(std::string_view url, std::string_view username,
                                   std::string_view credential);

/// False for candidates that are useless or unsafe to pass on: over TCP, or with a name instead of
/// an address (mDNS; resolving what a viewer names is not our business).
[[nodiscard]] bool is_usable_candidate(std::string_view candidate);

}  // namespace aerie::stream
