#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "messages/time.hpp"
#include "runtime/process/spawn.hpp"

namespace aerie {

/// A program that `doctor` runs to see whether it works.
struct Probe {
  std::vector<std::string> argv;
  std::optional<SpawnRequest::Identity> identity = {};
  Duration within{10'000};
  /// Its first line of standard output is the answer; it is stopped then.
  bool until_first_line = false;
};

struct ProbeResult {
  bool worked = false;              ///< clean exit, or the line that was waited for
  std::vector<std::string> out;     ///< lines of standard output, at most 1,000
  std::vector<std::string> errors;  ///< lines of standard error, likewise
  std::string message;              ///< how it ended, one sentence
};

/// Runs a program and waits for its end, in a session of its own with PATH, HOME and LANG alone.
/// It is killed after `within`.
[[nodiscard]] ProbeResult run_probe(const Probe& probe);

/// Where a program is in PATH (or the path itself, if it has a `/` and may be executed).
[[nodiscard]] std::optional<std::string> find_program(const std::string& name);

}  // namespace aerie
