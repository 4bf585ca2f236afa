#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Instrumented, <regex> of g++ 12 looks uninitialized to it (GCC bug 105562).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#include "runtime/config/value_checks.hpp"

#include <arpa/inet.h>
#include <regex>

#include "messages/field_error.hpp"
#include "messages/object_reader.hpp"
#include "runtime/network/media_map.hpp"

namespace aerie::config {
namespace {

constexpr auto host_form =
    R"((?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]))";

Complaint check_ice_url(const Json& url) {
  static const std::regex form(R"(^(?:stuns?|turns?):[^\s]{1,255}$)");
  if (!url.is_string()) return "urls must be strings";
  if (!std::regex_match(url.get_ref<const std::string&>(), form))
    return url.dump() + " must begin with stun:, stuns:, turn: or turns:";
  return {};
}

Complaint check_ice_server(const Json& server) {
  if (!server.is_object()) return "its items must be objects with urls";
  for (const auto& [key, value] : server.items()) {
    if (key != "urls" && key != "username" && key != "credential")
      return key + " " + unknown_name_message(key, {"urls", "username", "credential"});
    if (key != "urls" && !value.is_string()) return key + " must be a string";
  }
  if (!server.contains("urls")) return "urls is missing";
  const auto& urls = server["urls"];
  if (!urls.is_array()) return check_ice_url(urls);
  for (const auto& url : urls)
    if (auto complaint = check_ice_url(url)) return complaint;
  return {};
}

}  // namespace

Complaint check_pool(const std::string& text) {
  const std::string rule = "must be an IPv4 network such as 10.77.0.0/16, with a prefix of 8 to 29";
  static const std::regex form(R"(^([0-9.]{7,15})/([0-9]{1,2})$)");
  std::smatch match;
  if (!std::regex_match(text, match, form)) return rule;
  in_addr address{};
  const auto prefix = std::stoi(match[2]);
  if (inet_pton(AF_INET, match[1].str().c_str(), &address) != 1 || prefix < 8 || prefix > 29)
    return rule;
  const auto host_bits = ntohl(address.s_addr) & ((1U << (32 - prefix)) - 1);
  if (host_bits != 0) return "must have no bits set behind its prefix";
  return {};
}

Complaint check_ipv4(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) == 1) return {};
  return "must be IPv4 in the form 192.0.2.1, not \"" + text + "\"";
}

Complaint check_interface(const std::string& text) {
  static const std::regex form("^[A-Za-z0-9._@-]{1,15}$");
  if (std::regex_match(text, form)) return {};
  return "must be names of interfaces such as eth0, not \"" + text + "\"";
}

Complaint check_ports(const std::string& text) {
  const auto range = network::parse_port_range(text);
  if (range && range->first >= 1024) return {};
  return "must be FIRST-LAST with ports from 1024 to 65535, not \"" + text + "\"";
}

Complaint check_origin(const std::string& text) {
  static const std::regex form(std::string("^https?://") + host_form + "(?::[0-9]{1,5})?$");
  if (std::regex_match(text, form)) return {};
  return "must be http:// or https://, a host and perhaps a port, without a path; not \"" + text +
         "\"";
}

Complaint check_host(const std::string& text) {
  static const std::regex form(std::string("^") + host_form + "(?::[0-9]{1,5})?$");
  if (std::regex_match(text, form)) return {};
  return "must be a host name or address, perhaps with a port; not \"" + text + "\"";
}

Complaint check_ice_servers(const Json& value) {
  if (!value.is_array()) return "must be a list, not " + std::string(type_name(value));
  if (value.size() > 16) return "must have at most 16 items";
  for (const auto& server : value)
    if (auto complaint = check_ice_server(server)) return complaint;
  return {};
}

}  // namespace aerie::config
