#include "runtime/process/environment_file.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace aerie {

std::string with_variables(const std::string& text,
                           const std::vector<std::pair<std::string, std::string>>& variables) {
  std::istringstream lines{text};
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    const auto name = line.substr(0, line.find('='));
    const bool is_replaced = std::any_of(variables.begin(), variables.end(),
                                         [&](const auto& each) { return each.first == name; });
    if (!is_replaced) result += line + "\n";
  }
  for (const auto& [name, value] : variables)
    if (value.find('\n') == std::string::npos) result += name + "=" + value + "\n";
  return result;
}

void set_in_environment_file(const std::vector<std::pair<std::string, std::string>>& variables) {
  if (::access(environment_file, W_OK) != 0) return;
  std::ifstream file{environment_file};
  const std::string text{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  file.close();
  std::ofstream{environment_file, std::ios::trunc} << with_variables(text, variables);
}

}  // namespace aerie
