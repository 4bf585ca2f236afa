#pragma once

#include "messages/session.hpp"

namespace aerie {

/// The session document as it is kept: what is shown outside, and its cause.
[[nodiscard]] Json stored_session(const SessionDocument& document);

/// Reads what `stored_session` wrote; `store-failed` naming the session for anything else.
[[nodiscard]] Result<SessionDocument> restored_session(const std::string& id,
                                                       const std::string& text);

}  // namespace aerie
