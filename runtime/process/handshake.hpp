#pragma once

#include <string>

#include "messages/cause.hpp"

namespace aerie {

/// The handshake of the guest link: both sides prove that they know the guest's secret, neither
/// sends it. Frames, in this order:
///
///     host:  {"type":"hello","version":1,"nonce":N1}
///     guest: {"type":"hello","version":1,"nonce":N2,"proof":HMAC(secret, "guest" N1 N2)}
///     host:  {"type":"proof","proof":HMAC(secret, "host" N2 N1)}
///     guest: {"type":"linked","configured":0|1}
///
/// HMAC is HMAC-SHA-256 (RFC 2104), nonces are 32 random bytes; all in lower-case hexadecimal.
/// Pure: one object a connection, fed with the peer's frames.

/// A secret or nonce of 32 random bytes, as 64 hexadecimal digits.
[[nodiscard]] std::string random_hex();

/// The controller's side.
class HostHandshake {
 public:
  explicit HostHandshake(std::string secret);

  /// The first frame to send.
  [[nodiscard]] Json hello() const;

  /// Checks the guest's hello and gives the frame that answers it. Errors: `link-violation` for a
  /// malformed hello, another version or a wrong proof.
  [[nodiscard]] Result<Json> answer(const Json& guest_hello) const;

 private:
  std::string secret_;
  std::string nonce_;
};

/// The guest's side.
class GuestHandshake {
 public:
  explicit GuestHandshake(std::string secret);

  /// Answers the host's hello. Errors: `link-violation`.
  [[nodiscard]] Result<Json> answer(const Json& host_hello);

  /// Checks the host's proof; before it nothing else of the host is obeyed.
  [[nodiscard]] Result<void> check(const Json& host_proof) const;

 private:
  std::string secret_;
  std::string nonce_;
  std::string host_nonce_;
};

}  // namespace aerie
