#include "runtime/process/handshake.hpp"

#include <array>
#include <sodium.h>

#include "messages/link.hpp"

namespace aerie {
namespace {

constexpr std::size_t hex_digits = 64;

std::string to_hex(const unsigned char* bytes, std::size_t count) {
  std::string text(count * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), bytes, count);
  text.pop_back();
  return text;
}

std::string proof_of(const std::string& secret, const std::string& text) {
  crypto_auth_hmacsha256_state state;
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(secret.data()),
                              secret.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                                text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  return to_hex(mac.data(), mac.size());
}

tl::unexpected<Cause> violation(std::string message) {
  return tl::unexpected(Cause{CauseKind::link_violation,
                              std::move(message),
                              "Guest and controller must be of one build and share one secret; "
                              "retire the session.",
                              {}});
}

bool is_hex(const Json& json, const char* field) {
  const auto found = json.find(field);
  if (found == json.end() || !found->is_string()) return false;
  const auto& text = found->get_ref<const std::string&>();
  return text.size() == hex_digits &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool is_hello(const Json& json) {
  return json.value("type", Json()) == "hello" && is_hex(json, "nonce");
}

bool is_equal(const std::string& a, const std::string& b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string random_hex() {
  std::array<unsigned char, hex_digits / 2> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return to_hex(bytes.data(), bytes.size());
}

HostHandshake::HostHandshake(std::string secret)
    : secret_(std::move(secret)), nonce_(random_hex()) {}

Json HostHandshake::hello() const {
  return {{"type", "hello"}, {"version", link::protocol_version}, {"nonce", nonce_}};
}

Result<Json> HostHandshake::answer(const Json& hello) const {
  if (!is_hello(hello) || !is_hex(hello, "proof"))
    return violation("The guest's hello is malformed.");
  if (hello.value("version", Json()) != link::protocol_version)
    return violation("The guest speaks version " + hello.value("version", Json()).dump() +
                     " of the link, not " + std::to_string(link::protocol_version) + ".");
  const auto guest_nonce = hello["nonce"].get<std::string>();
  if (!is_equal(hello["proof"].get<std::string>(),
                proof_of(secret_, "guest" + nonce_ + guest_nonce)))
    return violation("The guest does not know its secret.");
  return Json{{"type", "proof"}, {"proof", proof_of(secret_, "host" + guest_nonce + nonce_)}};
}

GuestHandshake::GuestHandshake(std::string secret)
    : secret_(std::move(secret)), nonce_(random_hex()) {}

Result<Json> GuestHandshake::answer(const Json& hello) {
  if (!is_hello(hello)) return violation("The host's hello is malformed.");
  if (hello.value("version", Json()) != link::protocol_version)
    return violation("The host speaks another version of the link.");
  host_nonce_ = hello["nonce"].get<std::string>();
  return Json{{"type", "hello"},
              {"version", link::protocol_version},
              {"nonce", nonce_},
              {"proof", proof_of(secret_, "guest" + host_nonce_ + nonce_)}};
}

Result<void> GuestHandshake::check(const Json& proof) const {
  if (host_nonce_.empty() || proof.value("type", Json()) != "proof" || !is_hex(proof, "proof"))
    return violation("The host's proof is malformed.");
  if (!is_equal(proof["proof"].get<std::string>(),
                proof_of(secret_, "host" + nonce_ + host_nonce_)))
    return violation("The host does not know this guest's secret.");
  return {};
}

}  // namespace aerie
