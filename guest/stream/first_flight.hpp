#pragma once

#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {

/// Holds what a fresh webrtcbin receives until its ICE agent has a pair of addresses to answer by:
/// 16 packets at most, what comes then is dropped.
///
/// A viewer begins its DTLS handshake with the first check that is answered, which is before that.
/// webrtcbin would answer, libnice throw the answer away, and only OpenSSL's timer repeat it, a
/// second later (RFC 6347, 4.2.4.1).
void hold_until_selected(GstElement* webrtc, GObject* agent);

}  // namespace aerie::stream
