#pragma once

#include <deque>
#include <string>

#include "messages/event.hpp"
#include "messages/session.hpp"

namespace aerie {

using Timeline = std::deque<EventPtr>;

/// Why a session is, or was, as it is (contract, section 7), told from its document and its events.
/// `logs`: the folder of its children's logs, relative to the state directory; empty: where they
/// are while it lives. Likewise below.
[[nodiscard]] Json explain_session(const SessionDocument& document, const Timeline& timeline,
                                   const std::string& logs = {});

/// The same for a VM.
[[nodiscard]] Json explain_vm(const VmDocument& document, const Timeline& timeline,
                              const std::string& logs = {});

/// A VM that is gone, as far as its events tell.
[[nodiscard]] VmDocument recall_vm(const std::string& id, const Timeline& timeline);

/// The same for one child of a session; null where no event ever named that child.
[[nodiscard]] Json explain_child(const SessionDocument& document, const std::string& child,
                                 const Timeline& timeline, const std::string& logs = {});

}  // namespace aerie
