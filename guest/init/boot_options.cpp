#include "guest/init/boot_options.hpp"

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>

namespace aerie::init {
namespace {

std::optional<std::uint32_t> vsock_port_of(std::string_view link) {
  constexpr std::string_view kind = "vsock:";
  if (!link.starts_with(kind)) return std::nullopt;
  link.remove_prefix(kind.size());
  std::uint32_t port = 0;
  const auto [end, error] = std::from_chars(link.data(), link.data() + link.size(), port);
  if (error != std::errc{} || end != link.data() + link.size()) return std::nullopt;
  return port;
}

}  // namespace

BootOptions parse_boot_options(std::string_view command_line) {
  BootOptions options;
  std::string link;
  std::string end;
  const std::array<std::pair<std::string_view, std::string*>, 4> known{{
      {"aerie.root=", &options.root},
      {"aerie.overlay=", &options.overlay},
      {"aerie.link=", &link},
      {"aerie.end=", &end},
  }};
  std::istringstream words{std::string{command_line}};
  for (std::string word; words >> word;)
    for (const auto& [name, value] : known)
      if (word.starts_with(name)) *value = word.substr(name.size());
  options.vsock_port = vsock_port_of(link);
  options.ends_by_reboot = end == "reboot";
  return options;
}

BootOptions boot_options() {
  std::ifstream file{"/proc/cmdline"};
  return parse_boot_options(
      std::string{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}});
}

}  // namespace aerie::init
