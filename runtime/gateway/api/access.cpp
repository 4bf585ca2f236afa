#include "runtime/gateway/api/access.hpp"

#include <algorithm>
#include <sodium.h>

namespace aerie {

std::optional<std::string> bearer_token(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size() || authorization.size() > 1024) return std::nullopt;
  if (to_lower(authorization.substr(0, scheme.size())) != scheme) return std::nullopt;
  const auto token = trimmed(authorization.substr(scheme.size()));
  const auto is_token_character = [](char c) { return c > ' ' && c < 0x7f && c != ','; };
  if (token.empty() || !std::all_of(token.begin(), token.end(), is_token_character)) {
    return std::nullopt;
  }
  return std::string(token);
}

bool same_digest(std::string_view one, std::string_view other) {
  // Digests have one length; only an unset one has another.
  if (one.size() != other.size() || one.empty()) return false;
  return sodium_memcmp(one.data(), other.data(), one.size()) == 0;
}

bool may_use(const Principal& principal, Access access) {
  using Kind = Principal::Kind;
  switch (access) {
    case Access::open:
      return true;
    case Access::read_all:
      return principal.kind == Kind::an_operator || principal.kind == Kind::observer;
    case Access::read_own:
      return principal.kind == Kind::an_operator || principal.kind == Kind::observer ||
             principal.kind == Kind::session;
    case Access::retire:
      return principal.kind == Kind::an_operator || principal.kind == Kind::session;
    case Access::watch:
      return principal.kind == Kind::an_operator || principal.kind == Kind::session ||
             principal.kind == Kind::watcher;
    case Access::operate:
      return principal.kind == Kind::an_operator;
  }
  return false;
}

}  // namespace aerie
