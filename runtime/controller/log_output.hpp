#pragma once

#include "runtime/config/settings.hpp"

namespace aerie {

/// Sets what is logged from now on, and its form: `text`, or `json`, one object a line with `at`,
/// `level` and `message`. Concerns the process's own log, which an embedding program may have sent
/// elsewhere: its destination stays.
void set_log_form(const LogSettings& settings);

/// Sends the log to standard error: standard output is for what was asked.
void log_to_standard_error();

}  // namespace aerie
