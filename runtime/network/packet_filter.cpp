#include "runtime/network/packet_filter.hpp"

#include <algorithm>
#include <array>

namespace aerie::network {
namespace {

constexpr std::array policies{
    std::pair{NetworkPolicy::internet, "guest_internet"},
    std::pair{NetworkPolicy::list, "guest_list"},
    std::pair{NetworkPolicy::none, "guest_none"},
};

const char* chain_of(NetworkPolicy policy) {
  const auto found = std::find_if(policies.begin(), policies.end(),
                                  [&](const auto& each) { return each.first == policy; });
  return found->second;
}

NetworkPolicy policy_of(const std::string& chain) {
  for (const auto& [policy, name] : policies)
    if (chain == name) return policy;
  return NetworkPolicy::none;
}

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// One line that adds or deletes an element of a set of the table.
std::string element_line(const std::string& verb, const std::string& tag, const std::string& set,
                         const std::string& element) {
  return verb + " element inet aerie_" + tag + " " + set + " { " + element + " }\n";
}

/// The elements of one guest; a deletion names keys alone.
std::string guest_lines(const std::string& verb, const std::string& tag,
                        const FilteredGuest& guest) {
  const bool is_addition = verb == "add";
  const auto interface = quoted(guest.interface);
  const auto value = [&](const std::string& text) {
    return is_addition ? " : " + text : std::string{};
  };
  auto lines = element_line(verb, tag, "guests",
                            interface + " . " + guest.address +
                                (is_addition ? " comment " + quoted(guest.vm) : std::string{})) +
               element_line(verb, tag, "policies",
                            interface + value(std::string{"jump "} + chain_of(guest.policy)));
  for (const auto& [address, port] : guest.allowed)
    lines += element_line(verb, tag, "destinations",
                          interface + " . " + address + " . " + std::to_string(port));
  if (guest.media_ports)
    lines += element_line(verb, tag, "media", to_string(*guest.media_ports) + value(guest.address));
  return lines;
}

// -- reading what is there ------------------------------------------------------------------------
// The JSON of libnftables-json(5). Thrown and caught within this file: it is not as expected.

const Json& elements_of(const Json& listing, const std::string& name) {
  static const Json none = Json::array();
  for (const auto& object : listing.at("nftables"))
    for (const auto* kind : {"set", "map"})
      if (object.contains(kind) && object.at(kind).at("name") == name)
        return object.at(kind).contains("elem") ? object.at(kind).at("elem") : none;
  return none;
}

std::vector<std::string> names_of(const Json& listing, const std::string& set) {
  std::vector<std::string> names;
  for (const auto& element : elements_of(listing, set))
    names.push_back(element.get<std::string>());
  return names;
}

PortRange ports_of(const Json& key) {
  if (key.is_number()) return {key.get<std::uint16_t>(), key.get<std::uint16_t>()};
  const auto& range = key.at("range");
  return {range.at(0).get<std::uint16_t>(), range.at(1).get<std::uint16_t>()};
}

std::map<std::string, FilteredGuest> guests_of(const Json& listing) {
  std::map<std::string, FilteredGuest> guests;
  for (const auto& element : elements_of(listing, "guests")) {
    const bool has_comment = element.contains("elem");
    const auto& key = (has_comment ? element.at("elem").at("val") : element).at("concat");
    auto& guest = guests[key.at(0)];
    guest.interface = key.at(0);
    guest.address = key.at(1);
    if (has_comment) guest.vm = element.at("elem").value("comment", "");
  }
  for (const auto& element : elements_of(listing, "policies"))
    if (const auto found = guests.find(element.at(0)); found != guests.end())
      found->second.policy = policy_of(element.at(1).at("jump").at("target"));
  for (const auto& element : elements_of(listing, "destinations"))
    if (const auto found = guests.find(element.at("concat").at(0)); found != guests.end())
      found->second.allowed.push_back({element.at("concat").at(1), element.at("concat").at(2)});
  for (const auto& element : elements_of(listing, "media"))
    for (auto& [interface, guest] : guests)
      if (guest.address == element.at(1)) guest.media_ports = ports_of(element.at(0));
  return guests;
}

Cause unreadable(const std::string& table) {
  return {CauseKind::network_failed,
          "The packet filter's table " + table + " is not as this program made it.",
          "Look at it with `nft list table inet " + table + "`; delete it once no guest runs.",
          {}};
}

}  // namespace

Result<PacketFilter> PacketFilter::open(FilterOptions options) {
  if (auto made = run_nft({"-f", "-"}, filter_rules(options)); !made)
    return tl::unexpected(made.error());
  PacketFilter filter{std::move(options)};
  if (auto read = filter.read_elements(); !read) return tl::unexpected(read.error());
  return filter;
}

Result<void> PacketFilter::read_elements() {
  const auto table = "aerie_" + options_.tag;
  const auto text = run_nft({"-j", "list", "table", "inet", table}, "");
  if (!text) return tl::unexpected(text.error());
  const auto listing = Json::parse(*text, nullptr, false);
  try {
    guests_ = guests_of(listing);
    uplinks_ = names_of(listing, "uplinks");
    opened_ = names_of(listing, "opened");
  } catch (const Json::exception&) {
    return tl::unexpected(unreadable(table));
  }
  return {};
}

Result<void> PacketFilter::admit(const FilteredGuest& guest) {
  if (auto done = run_nft({"-f", "-"}, guest_lines("add", options_.tag, guest)); !done)
    return tl::unexpected(done.error());
  guests_[guest.interface] = guest;
  return {};
}

Result<void> PacketFilter::dismiss(const std::string& interface) {
  const auto found = guests_.find(interface);
  if (found == guests_.end()) return {};
  if (auto done = run_nft({"-f", "-"}, guest_lines("delete", options_.tag, found->second)); !done)
    return tl::unexpected(done.error());
  guests_.erase(found);
  return {};
}

Result<void> PacketFilter::add_uplinks(const std::vector<std::string>& uplinks,
                                       const std::vector<std::string>& opened) {
  std::string lines;
  for (const auto& name : uplinks)
    if (!contains(uplinks_, name))
      lines += element_line("add", options_.tag, "uplinks", quoted(name));
  for (const auto& name : opened)
    if (!contains(opened_, name))
      lines += element_line("add", options_.tag, "opened", quoted(name));
  if (lines.empty()) return {};
  if (auto done = run_nft({"-f", "-"}, lines); !done) return tl::unexpected(done.error());
  return read_elements();
}

Result<std::vector<std::string>> PacketFilter::opened_by_others() const {
  const auto text = run_nft({"-j", "list", "sets", "inet"}, "");
  if (!text) return tl::unexpected(text.error());
  const auto listing = Json::parse(*text, nullptr, false);
  const auto own = "aerie_" + options_.tag;
  std::vector<std::string> all;
  try {
    for (const auto& object : listing.at("nftables")) {
      if (!object.contains("set")) continue;
      const auto& set = object.at("set");
      const auto table = set.at("table").get<std::string>();
      const bool is_others = table.starts_with("aerie_") && table != own;
      if (!is_others || set.at("name") != "opened" || !set.contains("elem")) continue;
      for (const auto& element : set.at("elem"))
        all.push_back(element.get<std::string>());
    }
  } catch (const Json::exception&) {
    return tl::unexpected(unreadable(own));
  }
  return all;
}

Result<void> PacketFilter::remove() {
  const auto table = "inet aerie_" + options_.tag;
  if (auto done = run_nft({"-f", "-"}, "add table " + table + "\ndelete table " + table + "\n");
      !done)
    return tl::unexpected(done.error());
  guests_.clear();
  return {};
}

}  // namespace aerie::network
