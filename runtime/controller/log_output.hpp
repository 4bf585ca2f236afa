#pragma once

#include <spdlog/common.h>
#include <string>

#include "messages/cause.hpp"
#include "runtime/config/settings.hpp"

namespace aerie {

/// Sets what is logged from now on, and its form: `text`, or `json`, one object a line with `at`,
/// `level` and `message`. Concerns the process's own log, which an embedding program may have sent
/// elsewhere: its destination stays.
void set_log_form(const LogSettings& settings);

/// Writes a line about something: in JSON the fields beside the sentence, else the text, which says
/// them in its own way.
void log_line(spdlog::level::level_enum level, const Json& fields, const std::string& sentence,
              const std::string& text);

/// Sends the log to standard error: standard output is for what was asked.
void log_to_standard_error();

}  // namespace aerie
