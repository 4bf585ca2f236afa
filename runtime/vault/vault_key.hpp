#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"
#include "messages/time.hpp"
#include "runtime/process/secret_text.hpp"

namespace aerie {

/// One of the vault's own key pairs (X25519), made from a seed of 32 bytes.
class VaultKey {
 public:
  /// `seed`: 64 hexadecimal digits. None for anything else.
  [[nodiscard]] static std::optional<VaultKey> parse(std::string_view seed, Instant made_at);
  [[nodiscard]] static VaultKey make(Instant made_at);

  /// Names the pair in what was sealed to it: the first 16 digits of its public key's SHA-256.
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const std::string& public_key() const { return public_key_; }  ///< base64
  [[nodiscard]] Instant made_at() const { return made_at_; }
  void set_made_at(Instant at) { made_at_ = at; }

  /// Opens a sealed box (base64). None where it was not sealed to this key, or was changed since.
  [[nodiscard]] std::optional<SecretText> open(std::string_view sealed) const;
  /// Seals to this key; base64.
  [[nodiscard]] std::string seal(std::string_view text) const;

  /// The 64 digits of its seed, and a zero behind them.
  void write_seed(SecretText& target, std::size_t offset) const;
  static constexpr std::size_t seed_digits = 64;

 private:
  VaultKey(SecretText seed, Instant made_at);

  SecretText seed_;
  SecretText secret_;
  std::string public_raw_;
  std::string public_key_;
  std::string id_;
  Instant made_at_{};
};

/// The vault's keys, the one to seal to first; the others only open what was sealed before.
class VaultKeys {
 public:
  struct Source {
    std::string state;                ///< the state directory: `vault.key`, 0600, made if missing
    std::string credentials;          ///< systemd's $CREDENTIALS_DIRECTORY: `aerie-vault-key`
    std::optional<SecretText> given;  ///< of the environment: seeds, separated by white space
    Duration rotate_after{0};         ///< a file's key older than this is replaced; 0: never
  };

  /// From the first of environment, credentials and file that is there. Errors: `store-failed` for
  /// a source that is no list of seeds, or a file that others may read.
  [[nodiscard]] static Result<VaultKeys> load(Source source, Instant now);

  [[nodiscard]] const VaultKey& current() const { return keys_.front(); }
  [[nodiscard]] const VaultKey* find(std::string_view id) const;
  /// The key to which that was sealed; null: none of these.
  [[nodiscard]] const VaultKey* opener_of(std::string_view sealed) const;
  [[nodiscard]] bool has_former() const { return keys_.size() > 1; }

  /// Nothing is sealed to the others any more: they go from here, and from the file.
  [[nodiscard]] Result<void> drop_former();

 private:
  [[nodiscard]] Result<void> write_file() const;

  std::vector<VaultKey> keys_;
  std::string file_;  ///< empty: the keys are not ours to change
};

/// Whether a text is an X25519 public key to which something can be sealed: base64 of 32 bytes,
/// none of the few points that give no secret.
[[nodiscard]] bool is_public_key(const std::string& text);

}  // namespace aerie
