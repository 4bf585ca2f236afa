#include "guest/init/boot_options.hpp"

#include <array>
#include <sstream>

namespace aerie::init {

BootOptions parse_boot_options(std::string_view command_line) {
  BootOptions options;
  const std::array<std::pair<std::string_view, std::string*>, 2> known{{
      {"aerie.root=", &options.root},
      {"aerie.overlay=", &options.overlay},
  }};
  std::istringstream words{std::string{command_line}};
  for (std::string word; words >> word;)
    for (const auto& [name, value] : known)
      if (word.starts_with(name)) *value = word.substr(name.size());
  return options;
}

}  // namespace aerie::init
