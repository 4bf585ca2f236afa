#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace aerie::test {

/// The files below a folder that contain a text, by their names from there, but for those that
/// begin with one of `keepers`: they are there to hold it.
[[nodiscard]] std::vector<std::string> files_with(const std::filesystem::path& folder,
                                                  const std::string& secret,
                                                  const std::vector<std::string>& keepers);

}  // namespace aerie::test
