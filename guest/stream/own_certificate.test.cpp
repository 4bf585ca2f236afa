#include "guest/stream/own_certificate.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <openssl/evp.h>
#include <openssl/rsa.h>

using aerie::stream::OwnCertificate;

TEST_CASE("each certificate is another one", "[stream][certificate]") {
  const auto one = OwnCertificate::make();
  const auto other = OwnCertificate::make();
  REQUIRE(one);
  REQUIRE(other);
  CHECK(one->fingerprint() != other->fingerprint());
  CHECK(one->fingerprint().size() == 32 * 3 - 1);
}

TEST_CASE("the key that nobody uses is made small, and peers' own are not",
          "[stream][certificate]") {
  aerie::stream::spare_default_key();
  const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> own{::EVP_RSA_gen(1024),
                                                                  &::EVP_PKEY_free};
  REQUIRE(own);
  CHECK(::EVP_PKEY_get_bits(own.get()) == 1024);  // the interface of today goes another way
  const auto certificate = OwnCertificate::make();
  REQUIRE(certificate);
  CHECK(certificate->fingerprint().size() == 32 * 3 - 1);
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
