#pragma once

#include <optional>

#include "actors/ports/credential_store.hpp"
#include "runtime/vault/vault_key.hpp"

namespace aerie {

/// What a credential's owner gets, as JSON: `{provider, files:[{name, sealed|content}],
/// capturedAt}`. `sealed` is base64 of a sealed box for the owner's key. `content` is the file's
/// text; of one that is no UTF-8, its base64, which `encoding` says. With `key` the files are
/// opened, in locked memory alone; none where one can't be.
[[nodiscard]] std::optional<SecretText> credential_body(const SealedCredential& credential,
                                                        const VaultKey* key);

}  // namespace aerie
