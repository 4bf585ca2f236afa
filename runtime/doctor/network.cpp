#include <unistd.h>

#include "runtime/doctor/checks.hpp"
#include "runtime/drivers/guest_network_options.hpp"
#include "runtime/network/packet_filter.hpp"
#include "runtime/network/resolvers.hpp"

namespace aerie::doctor {
namespace {

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const auto& each : list)
    text += (text.empty() ? "" : ", ") + each;
  return text;
}

/// Whatever our rules let through, any other table may drop.
Checks check_other_filters() {
  const auto listed = network::run_nft({"-j", "list", "chains"}, "");
  if (!listed) return {{"packet filter", false, listed.error().message, listed.error().remedy}};
  return filter_checks(Json::parse(*listed, nullptr, false));
}

DoctorCheck check_resolvers(const Settings& settings) {
  const auto& wanted = settings.network.resolvers;
  const auto resolvers = wanted.empty() ? network::host_resolvers() : wanted;
  if (!resolvers.empty())
    return {"resolvers", true, "Guests ask " + joined(resolvers) + " for names.", ""};
  return {"resolvers", true, "Guests can't look up names: this host names no resolver but itself.",
          "Set network.resolvers to servers that guests can reach."};
}

DoctorCheck note_media(const Settings& settings) {
  const auto options = guest_network_options(settings, "doctor");
  if (options.public_address.empty())
    return {"media network", true, "Viewers on this host reach guests directly; others do not.",
            "For viewers elsewhere set --listen or network.publicAddress."};
  return {"media network", true,
          "Viewers reach guests at " + options.public_address + ", UDP ports " +
              settings.network.media_ports + ".",
          "Let these ports through to this host."};
}

}  // namespace

Checks filter_checks(const Json& chains) {
  Checks found;
  if (!chains.is_object()) return found;
  for (const auto& object : chains.value("nftables", Json::array())) {
    if (!object.contains("chain")) continue;
    const auto& chain = object["chain"];
    const auto table = chain.value("table", "");
    const bool drops = chain.value("hook", "") == "forward" && chain.value("policy", "") == "drop";
    if (!drops || table.starts_with("aerie_")) continue;
    found.push_back({"packet filter", true,
                     "The table " + table +
                         " of this host's packet filter drops what it is not "
                         "told to forward: guests may reach nothing.",
                     "Let interfaces whose names begin with ae through there, both ways."});
  }
  return found;
}

DoctorCheck check_ice_servers(const Settings& settings) {
  std::size_t stun = 0;
  std::size_t turn = 0;
  const auto count = [&](const Json& url) {
    if (!url.is_string()) return;
    const auto& text = url.get_ref<const std::string&>();
    if (text.starts_with("turn")) ++turn;
    if (text.starts_with("stun")) ++stun;
  };
  for (const auto& server : settings.media.ice_servers) {
    const auto urls = server.value("urls", Json{});
    if (!urls.is_array()) {
      count(urls);
      continue;
    }
    for (const auto& url : urls)
      count(url);
  }
  const auto message = "Viewers are told of " + std::to_string(turn) + " TURN and " +
                       std::to_string(stun) + " STUN servers.";
  if (turn > 0) return {"ICE servers", true, message, ""};
  return {"ICE servers", true, message,
          "For viewers whose networks let no UDP through set media.iceServers to a TURN server."};
}

Checks check_network(const Settings& settings) {
  const auto own = guests_get_networks(settings);
  if (!own)
    return {{"network", true,
             "Guests share the host's network, and a page in a guest can reach services on this "
             "host's loopback: " +
                 own.error().message,
             own.error().remedy}};
  Checks checks{{"network", true,
                 "Each guest gets a network of its own; the interfaces to the outside forward "
                 "its packets while controllers run.",
                 ""},
                check_resolvers(settings),
                note_media(settings)};
  auto filters = check_other_filters();
  std::move(filters.begin(), filters.end(), std::back_inserter(checks));
  return checks;
}

}  // namespace aerie::doctor
