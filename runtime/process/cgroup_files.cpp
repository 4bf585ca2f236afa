#include "runtime/process/cgroup_files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"

namespace aerie::cgroup_files {

std::optional<std::string> read(const std::string& path) {
  std::ifstream file{path};
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

int write(const std::string& path, const std::string& text) {
  const UniqueFd file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!file) return errno;
  return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

std::optional<std::uint64_t> value_of(const std::string& path, const std::string& key) {
  std::ifstream file{path};
  std::string name;
  std::uint64_t value = 0;
  while (file >> name >> value)
    if (name == key) return value;
  return std::nullopt;
}

}  // namespace aerie::cgroup_files
