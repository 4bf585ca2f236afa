#pragma once

#include <string>

namespace aerie {

/// The folder `name` (`profiles`, `providers`) of what comes with the program: beside the installed
/// program (`../share/aerie/NAME`), else in the source tree it was built from.
[[nodiscard]] std::string shipped_folder(const std::string& name);

/// A program of ours (`aerie-guest`, `aerie-stream`): beside the running one, else where it was
/// built, else where it was installed. An absolute path, whether it exists or not.
[[nodiscard]] std::string shipped_program(const std::string& name);

}  // namespace aerie
