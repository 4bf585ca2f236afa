#pragma once

#include <string>
#include <string_view>

#include "messages/exit_record.hpp"
#include "runtime/drivers/firecracker/api_requests.hpp"

namespace aerie::firecracker {

/// What Firecracker's refusal of a request means. The message keeps Firecracker's words; a refusal
/// that is not known is `vmm-failed`. `body` is the answer's, of any content.
[[nodiscard]] Cause cause_of_refusal(const ApiRequest& request, int status, std::string_view body);

/// Names the end of a Firecracker by its exit status, which tells what ended it (Firecracker's
/// `FcExitCode`: 148 to 157), and by its own last words. Other ends stay as they are.
void explain_exit(ExitRecord& exit);

}  // namespace aerie::firecracker
