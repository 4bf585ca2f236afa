#pragma once

#include <string>
#include <string_view>

#include "guest/stream/gst_ptr.hpp"
#include "messages/cause.hpp"

namespace aerie::stream {

/// A DTLS certificate of one peer's own. GStreamer's is one RSA key a process: every viewer of it
/// could be told to be the same, and guests that go on from one saved state would share it.
class OwnCertificate {
 public:
  /// A fresh key on P-256 and a self-signed certificate, within a millisecond. Errors:
  /// `plugin-missing` with OpenSSL's words.
  [[nodiscard]] static Result<OwnCertificate> make();

  /// Makes the DTLS elements of this webrtcbin use it. Before anything is offered.
  void use_in(GstElement* webrtc) const;

  /// The session description with this certificate's fingerprint (RFC 8122) in the place of what
  /// webrtcbin says, which counts the key's bytes in.
  [[nodiscard]] std::string with_fingerprint(std::string_view sdp) const;

  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }

 private:
  std::string pem_;          ///< certificate and key
  std::string fingerprint_;  ///< SHA-256, `AB:CD:…`
};

/// GStreamer makes a certificate with its first DTLS element, whether anybody needs it or not, on
/// an RSA key of 2048 bits: up to half a second, ten times as much on an emulated processor. From
/// here on whoever asks for such a key in this process gets one that everybody knows, whose primes
/// stand in RFC 2409 and RFC 3526. It proves nothing: what a peer offers names its own certificate
/// alone. Before the first DTLS element, on one thread.
void spare_default_key();

/// Takes fresh randomness into OpenSSL, whose own may be that of a saved state.
void renew_randomness();

}  // namespace aerie::stream
