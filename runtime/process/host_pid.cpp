#include "runtime/process/host_pid.hpp"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/stat.h>

namespace aerie {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::optional<pid_t> number(std::string_view text) {
  pid_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The namespace's inode; 0 when it cannot be seen.
ino_t pid_namespace(const std::string& pid) {
  struct stat status {};
  return ::stat(("/proc/" + pid + "/ns/pid").c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

std::optional<pid_t> innermost_pid(std::string_view status) {
  constexpr std::string_view field = "\nNSpid:";
  const auto at = status.find(field);
  if (at == std::string_view::npos) return std::nullopt;
  auto line = status.substr(at + field.size());
  line = line.substr(0, line.find('\n'));
  const auto last = line.find_last_of(" \t");
  return number(last == std::string_view::npos ? line : line.substr(last + 1));
}

std::optional<pid_t> host_pid(pid_t member_pid, pid_t inner_pid) {
  const auto wanted = pid_namespace(std::to_string(member_pid));
  if (wanted == 0) return std::nullopt;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc", error}) {
    const auto name = entry.path().filename().string();
    const auto pid = number(name);
    if (!pid || innermost_pid(slurp("/proc/" + name + "/status")) != inner_pid) continue;
    if (pid_namespace(name) == wanted) return pid;
  }
  return std::nullopt;
}

}  // namespace aerie
