#include "runtime/network/resolvers.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <fstream>
#include <ifaddrs.h>
#include <iterator>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <sstream>

namespace aerie::network {
namespace {

std::string read_file(const char* path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

std::string text_of(const in_addr& address) {
  char text[INET_ADDRSTRLEN] = {};
  return ::inet_ntop(AF_INET, &address, text, sizeof text) == nullptr ? "" : text;
}

bool is_usable(const std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return false;
  const auto value = ntohl(address.s_addr);
  const auto first = value >> 24;
  const bool is_link_local = (value >> 16) == 0xA9FE;
  return first != 0 && first != 127 && first < 224 && !is_link_local;
}

Cause not_found(const std::string& entry, const std::string& why) {
  return {CauseKind::network_failed,
          "'" + entry + "' of the profile's network.allow could not be looked up: " + why + ".",
          "Correct the profile, or the resolver of this host.",
          {}};
}

}  // namespace

bool is_own_address(const std::string& address) {
  in_addr wanted{};
  if (::inet_pton(AF_INET, address.c_str(), &wanted) != 1) return false;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{list, &::freeifaddrs};
  for (const auto* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    if (reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr.s_addr == wanted.s_addr)
      return true;
  }
  return false;
}

std::vector<std::string> usable_resolvers(std::string_view resolv_conf) {
  constexpr std::size_t most = 3;  // MAXNS of resolv.conf(5)
  std::vector<std::string> found;
  std::istringstream lines{std::string{resolv_conf}};
  for (std::string line; std::getline(lines, line) && found.size() < most;) {
    std::istringstream words{line};
    std::string keyword;
    std::string address;
    if (words >> keyword >> address && keyword == "nameserver" && is_usable(address))
      found.push_back(address);
  }
  return found;
}

std::vector<std::string> host_resolvers() {
  for (const auto* path : {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"}) {
    auto found = usable_resolvers(read_file(path));
    std::erase_if(found, is_own_address);
    if (!found.empty()) return found;
  }
  return {};
}

std::string resolv_conf_of(const std::vector<std::string>& resolvers) {
  std::string text;
  for (const auto& address : resolvers)
    text += "nameserver " + address + "\n";
  return text;
}

Result<std::vector<Destination>> look_up(const std::vector<std::string>& entries) {
  std::vector<Destination> all;
  for (const auto& entry : entries) {
    const auto colon = entry.rfind(':');
    if (colon == std::string::npos) return tl::unexpected(not_found(entry, "it has no port"));
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int error = ::getaddrinfo(entry.substr(0, colon).c_str(), entry.substr(colon + 1).c_str(),
                                    &hints, &list);
    if (error != 0) return tl::unexpected(not_found(entry, ::gai_strerror(error)));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{list, &::freeaddrinfo};
    for (const auto* at = list; at != nullptr; at = at->ai_next) {
      const auto& found = *reinterpret_cast<const sockaddr_in*>(at->ai_addr);
      all.push_back({text_of(found.sin_addr), ntohs(found.sin_port)});
    }
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace aerie::network
