#include "runtime/config/document_files.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "messages/object_reader.hpp"
#include "runtime/config/shipped_files.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_file = 256 * 1024;

}  // namespace

std::vector<std::string> search_path(const std::string& path, const std::string& name) {
  std::vector<std::string> directories;
  std::istringstream parts(path);
  for (std::string directory; std::getline(parts, directory, ':');)
    if (!directory.empty()) directories.push_back(directory);
  directories.push_back(shipped_folder(name));
  return directories;
}

Checked<std::vector<fs::path>> document_files(const std::string& directory,
                                              const std::string& key) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator each(directory, error), end; !error && each != end;
       each.increment(error))
    if (each->path().extension() == ".json") files.push_back(each->path());
  if (error)
    return tl::unexpected(
        FieldError{key, "names " + directory + ", which can't be read: " + error.message()});
  std::sort(files.begin(), files.end());
  return files;
}

Checked<Json> read_document_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  if (!stream || !(text << stream.rdbuf()))
    return tl::unexpected(FieldError{file.string(), "can't be read"});
  return parse_document(text.str(), max_file).map_error(in_file(file));
}

std::function<FieldError(const FieldError&)> in_file(const fs::path& file) {
  return [name = file.string()](const FieldError& error) {
    return FieldError{name + (error.field.empty() ? "" : ": " + error.field), error.message};
  };
}

}  // namespace aerie
