#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/cause.hpp"
#include "messages/time.hpp"

namespace aerie {

/// One file that a tool left, as it came out of the guest.
struct SealedFile {
  std::string name;
  std::size_t bytes = 0;  ///< before it was sealed
  std::string sealed;     ///< base64 of libsodium's sealed box
};

struct SealedCredential {
  std::string session;
  std::string provider;
  bool is_owner_sealed = false;  ///< to the owner's key; else to the vault's own
  Instant captured_at{};
  std::vector<SealedFile> files;
};

/// What may be told of a credential to those who may not have it.
struct CredentialMetadata {
  std::string provider;
  Instant captured_at{};
  std::optional<Instant> handed_over_at;
  std::vector<std::pair<std::string, std::size_t>> files;  ///< name and bytes
};

/// Text that nothing else may see: its memory is locked, and wiped at the end.
class SecretText;

/// A credential on its way to its owner, once.
struct TakenCredential {
  std::optional<CredentialMetadata> metadata;  ///< none: there is no credential
  std::shared_ptr<const SecretText> body;      ///< JSON; null where it was fetched before
  std::optional<Cause> failure;                ///< it is there, and could not be had
};

/// Keeps credentials until their owner fetches them. Answers come from another thread.
class CredentialStore {
 public:
  CredentialStore() = default;
  CredentialStore(const CredentialStore&) = delete;
  CredentialStore& operator=(const CredentialStore&) = delete;
  virtual ~CredentialStore() = default;

  /// The key that guests seal to where the owner gave none: an X25519 public key, base64.
  [[nodiscard]] virtual std::string seal_key() const = 0;

  using Kept = std::function<void(std::optional<Cause> failure)>;
  /// Answers once it is on disk. A later one of the same session takes its place.
  virtual void keep(SealedCredential credential, Kept done) = 0;

  using Taken = std::function<void(TakenCredential taken)>;
  /// Gives the credential away; that it is gone is on disk before the answer.
  virtual void take(const std::string& session, Instant at, Taken done) = 0;

  using Described = std::function<void(std::optional<CredentialMetadata> metadata)>;
  virtual void describe(const std::string& session, Described done) = 0;

  /// Its session's tombstone has gone.
  virtual void forget(const std::string& session) = 0;
};

}  // namespace aerie
