#pragma once

#include <string>
#include <vector>

#include "messages/cause.hpp"

namespace aerie::test {

/// What one run of the real `aerie` said.
struct CommandAnswer {
  int status = 0;
  std::string out;
  std::string error;

  /// The one JSON document that `--json` prints; throws where it is none.
  [[nodiscard]] Json json() const { return Json::parse(out); }
};

/// The path of the real `aerie`.
[[nodiscard]] std::string aerie_program();

/// Runs `aerie ARGUMENTS` and waits for its end. Throws `std::runtime_error` where that fails.
[[nodiscard]] CommandAnswer run_aerie(const std::vector<std::string>& arguments);

/// `aerie console -c COMMAND --json` with the controller of this state directory.
[[nodiscard]] CommandAnswer console(const std::string& state, const std::string& command);

}  // namespace aerie::test
