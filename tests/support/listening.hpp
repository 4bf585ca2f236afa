#pragma once

namespace aerie::test {

/// A script for every document of a page: keeps its peer connections in `peers`, and in `heard`
/// what the last of those that receive sound has heard.
inline constexpr const char* listener =
    "window.peers = []; window.heard = {peer: -1, energy: 0}; const Peer = RTCPeerConnection;"
    "window.RTCPeerConnection = class extends Peer { constructor(...all) { super(...all); "
    "peers.push(this); } };"
    "setInterval(async () => { for (const [index, peer] of peers.entries()) { if "
    "(peer.connectionState === 'closed') continue; for (const entry of (await "
    "peer.getStats()).values()) if (entry.type === 'inbound-rtp' && entry.kind === 'audio') heard "
    "= "
    "{peer: index, energy: entry.totalAudioEnergy, level: entry.audioLevel}; } }, 100);";

/// In such a page: true-ish once something loud was heard and still is. A sine of full scale has an
/// energy of 0.5 a second.
inline constexpr const char* is_loud = "heard.energy > 0.1 && heard.level > 0.1 && heard";

}  // namespace aerie::test
