#include "guest/stream/ice.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstdlib>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <nice/agent.h>
#include <sstream>

#include "guest/stream/first_flight.hpp"

namespace aerie::stream {
namespace {

constexpr std::size_t most_addresses = 8;

std::string to_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes =
      address->sa_family == AF_INET
          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(address)->sin_addr)
          : &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  return ::inet_ntop(address->sa_family, bytes, text.data(), text.size()) ? text.data() : "";
}

bool is_worth_offering(const ifaddrs& interface) {
  if (!interface.ifa_addr || (interface.ifa_flags & IFF_UP) == 0 ||
      (interface.ifa_flags & IFF_LOOPBACK) != 0)
    return false;
  if (interface.ifa_addr->sa_family == AF_INET) return true;
  if (interface.ifa_addr->sa_family != AF_INET6) return false;
  return !IN6_IS_ADDR_LINKLOCAL(
      &reinterpret_cast<const sockaddr_in6*>(interface.ifa_addr)->sin6_addr);
}

/// A guest's, in a network of its own: ADDRESS/32 behind its only device.
bool is_alone(const ifaddrs& interface) {
  return interface.ifa_addr->sa_family == AF_INET && interface.ifa_netmask &&
         reinterpret_cast<const sockaddr_in*>(interface.ifa_netmask)->sin_addr.s_addr ==
             INADDR_BROADCAST;
}

/// In a guest's own network nobody else is on its loopback: there its one address is enough.
std::vector<std::string> local_addresses() {
  std::vector<std::string> addresses{"127.0.0.1"};
  bool are_alone = true;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return addresses;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{list, &::freeifaddrs};
  for (const auto* at = list; at && addresses.size() < most_addresses; at = at->ifa_next)
    if (is_worth_offering(*at)) {
      addresses.push_back(to_text(at->ifa_addr));
      are_alone = are_alone && is_alone(*at);
    }
  if (are_alone && addresses.size() == 2) addresses.erase(addresses.begin());
  return addresses;
}

std::string percent_encoded(std::string_view text) {
  const GstPtr<gchar> encoded{g_uri_escape_string(std::string{text}.c_str(), nullptr, FALSE)};
  return encoded.get();
}

void add_server(GstElement* webrtc, const std::string& url, const IceServer& server) {
  if (url.starts_with("stun:")) {
    const auto uri = "stun://" + url.substr(5);
    g_object_set(webrtc, "stun-server", uri.c_str(), nullptr);
  } else if (url.starts_with("turn:") || url.starts_with("turns:")) {
    gboolean added = FALSE;
    const auto uri = turn_uri(url, server.username, server.credential);
    g_signal_emit_by_name(webrtc, "add-turn-server", uri.c_str(), &added);
  }
}

/// libnice's other way to nominate (RFC 5245, 8.1.1.2), which webrtcbin does not choose and lets
/// nobody choose later, hence past GObject: the agent looks at it whenever it nominates. By the
/// regular way the pair that works is taken once all others have answered or failed, which is 2.1 s
/// where one of them is never answered. A viewer that hides its addresses (mDNS) has such pairs
/// with all addresses of the host but one.
void nominate_at_once(GObject* agent) {
  auto* const type = G_OBJECT_GET_CLASS(agent);
  auto* const mode = g_object_class_find_property(type, "nomination-mode");
  if (!mode) return;
  GValue aggressive = G_VALUE_INIT;
  g_value_init(&aggressive, mode->value_type);
  g_value_set_enum(&aggressive, NICE_NOMINATION_MODE_AGGRESSIVE);
  type->set_property(agent, mode->param_id, &aggressive, mode);
  g_value_unset(&aggressive);
}

}  // namespace

GstPtr<GObject> agent_of(GstElement* webrtc) {
  GstPtr<GstObject> ice;
  GstPtr<GObject> agent;
  g_object_get(webrtc, "ice-agent", ice.out(), nullptr);
  g_object_get(ice.get(), "agent", agent.out(), nullptr);
  return agent;
}

std::optional<std::pair<unsigned, unsigned>> media_ports(std::string_view text) {
  constexpr unsigned highest = 65535;
  unsigned first = 0;
  unsigned last = 0;
  const auto* end = text.data() + text.size();
  const auto [dash, first_error] = std::from_chars(text.data(), end, first);
  if (first_error != std::errc{} || dash == end || *dash != '-') return std::nullopt;
  const auto [at, last_error] = std::from_chars(dash + 1, end, last);
  if (last_error != std::errc{} || at != end || first == 0 || last < first || last > highest)
    return std::nullopt;
  return std::pair{first, last};
}

std::string turn_uri(std::string_view url, std::string_view username, std::string_view credential) {
  const auto colon = url.find(':');
  return std::string{url.substr(0, colon)} + "://" + percent_encoded(username) + ":" +
         percent_encoded(credential) + "@" + std::string{url.substr(colon + 1)};
}

bool is_usable_candidate(std::string_view candidate) {
  std::istringstream words{std::string{candidate}};
  std::string foundation, component, protocol, priority, address;
  if (!(words >> foundation >> component >> protocol >> priority >> address)) return false;
  if (protocol != "udp" && protocol != "UDP") return false;
  in6_addr ignored{};
  return ::inet_pton(AF_INET, address.c_str(), &ignored) == 1 ||
         ::inet_pton(AF_INET6, address.c_str(), &ignored) == 1;
}

void set_up_ice(GstElement* webrtc, const std::vector<IceServer>& servers, bool has_tcp) {
  GstPtr<GstObject> agent;
  g_object_get(webrtc, "ice-agent", agent.out(), nullptr);
  g_object_set(agent.get(), "ice-tcp", has_tcp ? TRUE : FALSE, nullptr);
  const auto nice = agent_of(webrtc);
  hold_until_selected(webrtc, nice.get());
  nominate_at_once(nice.get());
  if (const char* text = std::getenv("AERIE_MEDIA_PORTS"))
    if (const auto ports = media_ports(text))
      g_object_set(agent.get(), "min-rtp-port", ports->first, "max-rtp-port", ports->second,
                   nullptr);
  for (const auto& address : local_addresses()) {
    gboolean added = FALSE;
    g_signal_emit_by_name(agent.get(), "add-local-ip-address", address.c_str(), &added);
  }
  for (const auto& server : servers)
    for (const auto& url : server.urls)
      add_server(webrtc, url, server);
}

void gather_at_once(GstElement* webrtc) {
  g_object_set(agent_of(webrtc).get(), "upnp", FALSE, nullptr);
}

void expect_answers(GstElement* webrtc) {
  // Sent after 0, 0.5, 1.5, 3.5, 7.5 and 15.5 s, given up after 19.5 s (RFC 8489, 6.2.1).
  constexpr guint most_requests = 6;
  g_object_set(agent_of(webrtc).get(), "keepalive-conncheck", TRUE, "stun-max-retransmissions",
               most_requests, nullptr);
}

}  // namespace aerie::stream
