#pragma once

#include <array>
#include <sodium.h>
#include <string>

namespace aerie::test {

/// The owner of a credential, with an X25519 key pair of its own.
class Owner {
 public:
  Owner();

  /// The public key as base64, for `credentialKey`.
  [[nodiscard]] const std::string& key() const { return key_; }

  /// Opens a sealed box, base64; throws `std::runtime_error` where it was sealed to another.
  [[nodiscard]] std::string open(const std::string& sealed) const;

 private:
  std::array<unsigned char, crypto_box_PUBLICKEYBYTES> public_{};
  std::array<unsigned char, crypto_box_SECRETKEYBYTES> secret_{};
  std::string key_;
};

}  // namespace aerie::test
