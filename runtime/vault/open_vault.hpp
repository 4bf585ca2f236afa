#pragma once

#include <memory>
#include <string>

#include "runtime/config/settings.hpp"
#include "runtime/vault/vault.hpp"

namespace aerie {

/// The vault of a state directory, under a key of the environment (`AERIE_VAULT_KEY`, which is
/// wiped there), of systemd's `$CREDENTIALS_DIRECTORY`, or of `STATE/vault.key`.
[[nodiscard]] Result<std::shared_ptr<Vault>> open_vault(const Settings& settings,
                                                        const std::string& state, Reactor& disk);

}  // namespace aerie
