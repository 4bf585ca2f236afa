#include "runtime/gateway/api/ice_links.hpp"

namespace aerie {
namespace {

/// A quoted-string (RFC 9110, 5.6.4).
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

}  // namespace

std::vector<std::string> ice_links(const Json& servers) {
  std::vector<std::string> links;
  if (!servers.is_array()) return links;
  for (const auto& server : servers) {
    const auto urls = server.value("urls", Json::array());
    std::string rest = "; rel=\"ice-server\"";
    if (server.contains("username") && server.contains("credential"))
      rest += "; username=" + quoted(server["username"].get<std::string>()) +
              "; credential=" + quoted(server["credential"].get<std::string>()) +
              "; credential-type=\"password\"";
    for (const auto& url : urls.is_array() ? urls : Json::array({urls}))
      if (url.is_string()) links.push_back("<" + url.get<std::string>() + ">" + rest);
  }
  return links;
}

}  // namespace aerie
