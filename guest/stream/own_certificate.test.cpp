#include "guest/stream/own_certificate.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <openssl/bn.h>
#include <openssl/rsa.h>

using aerie::stream::OwnCertificate;

// The interface that GStreamer uses.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

TEST_CASE("each certificate is another one", "[stream][certificate]") {
  const auto one = OwnCertificate::make();
  const auto other = OwnCertificate::make();
  REQUIRE(one);
  REQUIRE(other);
  CHECK(one->fingerprint() != other->fingerprint());
  CHECK(one->fingerprint().size() == 32 * 3 - 1);
}

TEST_CASE("the key that nobody needs is no work, and a key all the same", "[stream][certificate]") {
  aerie::stream::spare_default_key();
  const std::unique_ptr<RSA, decltype(&::RSA_free)> key{::RSA_new(), &::RSA_free};
  const std::unique_ptr<BIGNUM, decltype(&::BN_free)> exponent{::BN_new(), &::BN_free};
  REQUIRE(::BN_set_word(exponent.get(), RSA_F4) == 1);
  REQUIRE(::RSA_generate_key_ex(key.get(), 2048, exponent.get(), nullptr) == 1);
  CHECK(::RSA_bits(key.get()) == 1536 + 768);
  CHECK(::RSA_check_key(key.get()) == 1);
  // What a peer proves itself with is made anew each time.
  CHECK(OwnCertificate::make()->fingerprint() != OwnCertificate::make()->fingerprint());
}

TEST_CASE("an offer names the certificate that is used", "[stream][certificate]") {
  const auto own = OwnCertificate::make();
  REQUIRE(own);
  const auto sdp = own->with_fingerprint(
      "v=0\r\na=fingerprint:sha-256 00:11\r\nm=video 9 x 96\r\na=fingerprint:sha-256 "
      "22\r\na=mid:0");
  CHECK(sdp == "v=0\r\na=fingerprint:sha-256 " + own->fingerprint() +
                   "\r\nm=video 9 x 96\r\na=fingerprint:sha-256 " + own->fingerprint() +
                   "\r\na=mid:0");
}
