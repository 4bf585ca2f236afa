#include "guest/stream/own_certificate.hpp"

#include <array>
#include <ctime>
#include <memory>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace aerie::stream {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&::X509_free)>;
using Memory = std::unique_ptr<BIO, decltype(&::BIO_free)>;

constexpr long valid_before = 24L * 3600;  // clocks differ
constexpr long valid_after = 30L * 24 * 3600;
constexpr const char* suffix = "-own";

Cause failed() {
  std::array<char, 256> words{};
  ::ERR_error_string_n(::ERR_get_error(), words.data(), words.size());
  return {CauseKind::plugin_missing,
          std::string{"No certificate could be made: "} + words.data() + ".",
          "Check the installation of libssl3.",
          {}};
}

bool fill_in(X509* certificate, EVP_PKEY* key) {
  std::array<unsigned char, 8> serial{};
  if (::RAND_bytes(serial.data(), serial.size()) != 1) return false;
  serial[0] &= 0x7fU;  // positive
  const std::unique_ptr<BIGNUM, decltype(&::BN_free)> number{
      ::BN_bin2bn(serial.data(), serial.size(), nullptr), &::BN_free};
  auto* name = ::X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>("aerie");
  return ::X509_set_version(certificate, 2) == 1 &&
         ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(certificate)) != nullptr &&
         ::X509_gmtime_adj(::X509_getm_notBefore(certificate), -valid_before) != nullptr &&
         ::X509_gmtime_adj(::X509_getm_notAfter(certificate), valid_after) != nullptr &&
         ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
         ::X509_set_issuer_name(certificate, name) == 1 &&
         ::X509_set_pubkey(certificate, key) == 1 &&
         ::X509_sign(certificate, key, ::EVP_sha256()) > 0;
}

std::string pem_of(X509* certificate, EVP_PKEY* key) {
  const Memory memory{::BIO_new(::BIO_s_mem()), &::BIO_free};
  if (!memory || ::PEM_write_bio_X509(memory.get(), certificate) != 1 ||
      ::PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return {};
  char* bytes = nullptr;
  const auto length = BIO_get_mem_data(memory.get(), &bytes);
  return {bytes, static_cast<std::size_t>(length)};
}

std::string fingerprint_of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (::X509_digest(certificate, ::EVP_sha256(), digest.data(), &length) != 1) return {};
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    if (i > 0) text += ':';
    text += digits[digest.at(i) >> 4U];
    text += digits[digest.at(i) & 0xfU];
  }
  return text;
}

/// webrtcbin's DTLS elements have made their connection when they are added: under another name
/// they make it anew, now with this certificate. Both halves are told the same name.
void on_element_added(GstBin*, GstBin*, GstElement* element, gpointer pem) {
  const auto* factory = gst_element_get_factory(element);
  const std::string_view kind = factory ? GST_OBJECT_NAME(factory) : "";
  if (kind != "dtlssrtpdec" && kind != "dtlssrtpenc") return;
  GstPtr<gchar> id;
  g_object_get(element, "connection-id", id.out(), nullptr);
  if (!id || g_str_has_suffix(id.get(), suffix)) return;
  const auto own_id = std::string{id.get()} + suffix;
  if (kind == "dtlssrtpdec")
    g_object_set(element, "pem", static_cast<const std::string*>(pem)->c_str(), nullptr);
  g_object_set(element, "connection-id", own_id.c_str(), nullptr);
}

}  // namespace

Result<OwnCertificate> OwnCertificate::make() {
  const Key key{::EVP_EC_gen("P-256"), &::EVP_PKEY_free};
  const Certificate certificate{::X509_new(), &::X509_free};
  if (!key || !certificate || !fill_in(certificate.get(), key.get()))
    return tl::unexpected(failed());
  OwnCertificate own;
  own.pem_ = pem_of(certificate.get(), key.get());
  own.fingerprint_ = fingerprint_of(certificate.get());
  if (own.pem_.empty() || own.fingerprint_.empty()) return tl::unexpected(failed());
  return own;
}

void OwnCertificate::use_in(GstElement* webrtc) const {
  g_signal_connect_data(
      webrtc, "deep-element-added", G_CALLBACK(on_element_added), new std::string{pem_},
      [](gpointer pem, GClosure*) { delete static_cast<std::string*>(pem); }, GConnectFlags{});
}

std::string OwnCertificate::with_fingerprint(std::string_view sdp) const {
  constexpr std::string_view attribute = "a=fingerprint:";
  std::string text;
  while (!sdp.empty()) {
    const auto end = sdp.find('\n');
    const auto line = sdp.substr(0, end == std::string_view::npos ? end : end + 1);
    sdp.remove_prefix(line.size());
    if (line.starts_with(attribute))
      text.append(attribute).append("sha-256 ").append(fingerprint_).append("\r\n");
    else
      text += line;
  }
  return text;
}

// The only way to tell a library that uses OpenSSL 1.1's interface how to make a key.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace {

using Number = std::unique_ptr<BIGNUM, decltype(&::BN_free)>;

Number number() {
  return {::BN_new(), &::BN_free};
}

/// Gives the key what it owns from then on; false where memory is short.
bool fill_in_known_key(RSA* key, const BIGNUM* exponent) {
  const std::unique_ptr<BN_CTX, decltype(&::BN_CTX_free)> room{::BN_CTX_new(), &::BN_CTX_free};
  Number p{::BN_get_rfc3526_prime_1536(nullptr), &::BN_free};
  Number q{::BN_get_rfc2409_prime_768(nullptr), &::BN_free};
  Number e{::BN_dup(exponent), &::BN_free};
  auto n = number(), p1 = number(), q1 = number(), phi = number(), d = number(), dp = number(),
       dq = number(), inverse = number();
  const bool is_made = room && p && q && e &&
                       ::BN_mul(n.get(), p.get(), q.get(), room.get()) == 1 &&
                       ::BN_sub(p1.get(), p.get(), ::BN_value_one()) == 1 &&
                       ::BN_sub(q1.get(), q.get(), ::BN_value_one()) == 1 &&
                       ::BN_mul(phi.get(), p1.get(), q1.get(), room.get()) == 1 &&
                       ::BN_mod_inverse(d.get(), e.get(), phi.get(), room.get()) != nullptr &&
                       ::BN_mod(dp.get(), d.get(), p1.get(), room.get()) == 1 &&
                       ::BN_mod(dq.get(), d.get(), q1.get(), room.get()) == 1 &&
                       ::BN_mod_inverse(inverse.get(), q.get(), p.get(), room.get()) != nullptr;
  if (!is_made || ::RSA_set0_key(key, n.get(), e.get(), d.get()) != 1) return false;
  n.release(), e.release(), d.release();
  if (::RSA_set0_factors(key, p.get(), q.get()) != 1) return false;
  p.release(), q.release();
  if (::RSA_set0_crt_params(key, dp.get(), dq.get(), inverse.get()) != 1) return false;
  dp.release(), dq.release(), inverse.release();
  return true;
}

int give_known_key(RSA* key, int, BIGNUM* exponent, BN_GENCB*) {
  return ::RSA_set_method(key, ::RSA_PKCS1_OpenSSL()) == 1 && fill_in_known_key(key, exponent) ? 1
                                                                                               : 0;
}

}  // namespace

void spare_default_key() {
  static RSA_METHOD* const sparing = ::RSA_meth_dup(::RSA_PKCS1_OpenSSL());
  if (sparing != nullptr && ::RSA_meth_set_keygen(sparing, give_known_key) == 1)
    ::RSA_set_default_method(sparing);
}

#pragma GCC diagnostic pop

void renew_randomness() {
  ::RAND_poll();
}

}  // namespace aerie::stream
