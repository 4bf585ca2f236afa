#include "tests/support/owner.hpp"

#include <stdexcept>

namespace aerie::test {
namespace {

constexpr auto base64 = sodium_base64_VARIANT_ORIGINAL;

}  // namespace

Owner::Owner() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium could not be set up");
  crypto_box_keypair(public_.data(), secret_.data());
  key_.resize(sodium_base64_encoded_len(public_.size(), base64));
  sodium_bin2base64(key_.data(), key_.size(), public_.data(), public_.size(), base64);
  key_.pop_back();  // the terminating zero
}

std::string Owner::open(const std::string& sealed) const {
  std::string box(sealed.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(box.data()), box.size(), sealed.data(),
                        sealed.size(), nullptr, &size, nullptr, base64) != 0 ||
      size < crypto_box_SEALBYTES)
    throw std::runtime_error("a sealed box is no base64 of one");
  std::string text(size - crypto_box_SEALBYTES, '\0');
  if (crypto_box_seal_open(reinterpret_cast<unsigned char*>(text.data()),
                           reinterpret_cast<const unsigned char*>(box.data()), size, public_.data(),
                           secret_.data()) != 0)
    throw std::runtime_error("a sealed box was sealed to another");
  return text;
}

}  // namespace aerie::test
