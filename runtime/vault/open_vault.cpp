#include "runtime/vault/open_vault.hpp"

#include <cstdlib>
#include <cstring>
#include <sodium.h>

namespace aerie {
namespace {

/// Takes a variable out of the environment: neither a child nor /proc/PID/environ has it any more.
std::optional<SecretText> take_variable(const char* name) {
  char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  SecretText secret{std::string_view{value}};
  sodium_memzero(value, std::strlen(value));
  ::unsetenv(name);
  return secret;
}

}  // namespace

Result<std::shared_ptr<Vault>> open_vault(const Settings& settings, const std::string& state,
                                          Reactor& disk) {
  VaultKeys::Source source;
  source.state = state;
  source.given = take_variable("AERIE_VAULT_KEY");
  source.rotate_after = settings.vault.rotate;
  if (const char* credentials = std::getenv("CREDENTIALS_DIRECTORY"))
    source.credentials = credentials;
  auto keys = VaultKeys::load(std::move(source), wall_now());
  if (!keys) return tl::unexpected(keys.error());
  return Vault::open(state, disk, std::move(*keys));
}

}  // namespace aerie
