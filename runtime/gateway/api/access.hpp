#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/gateway/api/routes.hpp"

namespace aerie {

/// Who asks, by the token that came with the request.
struct Principal {
  enum class Kind { nobody, an_operator, observer, session, watcher };

  Kind kind = Kind::nobody;
  std::string session;  ///< of `session` and `watcher`

  [[nodiscard]] bool is_operator() const { return kind == Kind::an_operator; }

  /// False for a session token and another's session: it is answered as if that did not exist.
  [[nodiscard]] bool sees(std::string_view id) const {
    return kind == Kind::an_operator || kind == Kind::observer ||
           (kind == Kind::session && session == id);
  }

  /// The same of who may only watch it.
  [[nodiscard]] bool watches(std::string_view id) const {
    return sees(id) || (kind == Kind::watcher && session == id);
  }

  /// As `by` in proposals and ends: `operator` or `owner`.
  [[nodiscard]] std::string name() const { return is_operator() ? "operator" : "owner"; }
};

/// The token of `Authorization: Bearer TOKEN` (RFC 6750, 2.1), the scheme in any case; empty for
/// anything else.
[[nodiscard]] std::optional<std::string> bearer_token(std::string_view authorization);

/// True if both are the same text; takes as long wherever they differ.
[[nodiscard]] bool same_digest(std::string_view one, std::string_view other);

/// Whether a principal's kind may use routes with this access at all; whose session it is, is
/// judged where the session is known.
[[nodiscard]] bool may_use(const Principal& principal, Access access);

}  // namespace aerie
