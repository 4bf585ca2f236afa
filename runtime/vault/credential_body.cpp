#include "runtime/vault/credential_body.hpp"

#include <algorithm>
#include <sodium.h>
#include <vector>

#include "runtime/process/utf8.hpp"

namespace aerie {
namespace {

constexpr std::string_view hex = "0123456789abcdef";
constexpr auto base64 = sodium_base64_VARIANT_ORIGINAL;

/// Writes into memory that is large enough, or, without any, only counts.
class Writer {
 public:
  explicit Writer(char* target = nullptr) : target_(target) {}

  void put(std::string_view text) {
    if (target_ != nullptr) std::copy(text.begin(), text.end(), target_ + size_);
    size_ += text.size();
  }

  /// As a string of JSON (RFC 8259, section 7).
  void put_string(std::string_view text) {
    put("\"");
    for (const auto& each : text) {
      const auto code = static_cast<unsigned char>(each);
      if (each == '"' || each == '\\') put("\\");
      if (code >= 0x20) {
        put({&each, 1});
      } else {
        put("\\u00");
        put(hex.substr(code >> 4U, 1));
        put(hex.substr(code & 0xfU, 1));
      }
    }
    put("\"");
  }

  /// The base64 of it, which needs no escapes.
  void put_base64(const SecretText& bytes) {
    const auto size = sodium_base64_encoded_len(bytes.size(), base64);
    SecretText text{size};
    sodium_bin2base64(text.data(), size, bytes.bytes(), bytes.size(), base64);
    put_string(text.view().substr(0, size - 1));
  }

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  char* target_;
  std::size_t size_ = 0;
};

void put_file(Writer& writer, const SealedFile& file, const SecretText* text) {
  writer.put("{\"name\":");
  writer.put_string(file.name);
  if (text == nullptr) {
    writer.put(",\"sealed\":");
    writer.put_string(file.sealed);
  } else if (is_utf8(text->view())) {
    writer.put(",\"content\":");
    writer.put_string(text->view());
  } else {
    writer.put(",\"encoding\":\"base64\",\"content\":");
    writer.put_base64(*text);
  }
  writer.put("}");
}

void put_all(Writer& writer, const SealedCredential& credential,
             const std::vector<SecretText>& texts) {
  writer.put("{\"provider\":");
  writer.put_string(credential.provider);
  writer.put(",\"capturedAt\":");
  writer.put_string(to_rfc3339(credential.captured_at));
  writer.put(",\"files\":[");
  for (std::size_t i = 0; i < credential.files.size(); ++i) {
    if (i > 0) writer.put(",");
    put_file(writer, credential.files[i], texts.empty() ? nullptr : &texts[i]);
  }
  writer.put("]}");
}

}  // namespace

std::optional<SecretText> credential_body(const SealedCredential& credential, const VaultKey* key) {
  std::vector<SecretText> texts;
  if (key != nullptr)
    for (const auto& file : credential.files) {
      auto text = key->open(file.sealed);
      if (!text) return std::nullopt;
      texts.push_back(std::move(*text));
    }
  Writer counter;
  put_all(counter, credential, texts);
  SecretText body{counter.size()};
  Writer writer{body.data()};
  put_all(writer, credential, texts);
  return body;
}

}  // namespace aerie
