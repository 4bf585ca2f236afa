#include "tests/support/planted.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace aerie::test {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

std::vector<std::string> files_with(const fs::path& folder, const std::string& secret,
                                    const std::vector<std::string>& keepers) {
  std::vector<std::string> found;
  // What goes while it is looked at is gone.
  std::error_code gone;
  for (fs::recursive_directory_iterator each(folder, gone), end; each != end;
       each.increment(gone)) {
    if (!each->is_regular_file(gone)) continue;
    const auto name = fs::relative(each->path(), folder).string();
    const bool is_keeper = std::any_of(keepers.begin(), keepers.end(), [&](const auto& keeper) {
      return name.starts_with(keeper);
    });
    if (!is_keeper && content_of(each->path()).find(secret) != std::string::npos)
      found.push_back(name);
  }
  return found;
}

}  // namespace aerie::test
