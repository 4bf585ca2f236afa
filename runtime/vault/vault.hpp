#pragma once

#include <memory>
#include <string>

#include "actors/ports/credential_store.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/vault/vault_key.hpp"

namespace aerie {

/// The vault: a file a credential in `STATE/vault` (0700, files 0600), sealed in the guest to the
/// owner's key or to the vault's own, so that no plain text of it is ever on this host's disk, and
/// in its memory only on the way to an owner who gave no key: locked, and wiped. Delivered once:
/// what was sealed is off the disk before the answer goes out. What stays is metadata.
class Vault final : public CredentialStore {
 public:
  /// `disk` runs all that follows and outlives the vault. What was sealed to a former key is sealed
  /// anew to the current one here, and the former key is dropped. Errors: `store-failed`,
  /// `disk-full`.
  [[nodiscard]] static Result<std::shared_ptr<Vault>> open(const std::string& state, Reactor& disk,
                                                           VaultKeys keys);

  [[nodiscard]] std::string seal_key() const override { return seal_key_; }
  void keep(SealedCredential credential, Kept done) override;
  void take(const std::string& session, Instant at, Taken done) override;
  void describe(const std::string& session, Described done) override;
  void forget(const std::string& session) override;

 private:
  class Files;
  Vault(Reactor& disk, std::shared_ptr<Files> files, std::string seal_key);

  Reactor& disk_;
  std::shared_ptr<Files> files_;
  std::string seal_key_;
};

}  // namespace aerie
