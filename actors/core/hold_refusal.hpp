#pragma once

#include <string>

#include "messages/cause.hpp"

namespace aerie {

/// Why a hold that came too late is not promised.
[[nodiscard]] inline Cause being_deleted(const std::string& vm) {
  return {CauseKind::requested,
          "The files of the guest " + vm + " are being deleted just now.",
          "Ask again for what is left of the session.",
          {}};
}

}  // namespace aerie
