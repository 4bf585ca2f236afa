#include "runtime/network/packet_filter.hpp"

namespace aerie::network {
namespace {

/// TAG, POOL, PUBLIC and RESOLVERS are put in. `add` leaves what is there; flushing a table takes
/// its rules and leaves chains, sets and their elements: so an open table is renewed in one step.
constexpr const char* rules = R"(
add table inet aerie_TAG
flush table inet aerie_TAG
table inet aerie_TAG {
  set guests { type ifname . ipv4_addr; }
  map policies { type ifname : verdict; }
  set destinations { type ifname . ipv4_addr . inet_service; }
  map media { type inet_service : ipv4_addr; flags interval; }
  set uplinks { type ifname; }
  set opened { type ifname; }
  set resolvers { type ipv4_addr; }

  chain guest_internet {
    accept
  }
  chain guest_list {
    ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
    meta l4proto { tcp, udp } iifname . ip daddr . th dport @destinations accept
    drop
  }
  chain guest_none {
    drop
  }

  # Before any address is translated: a port of this host that leads elsewhere is this host's.
  chain from_guest {
    meta nfproto != ipv4 drop
    iifname . ip saddr != @guests drop
    ct state established,related accept
    fib daddr type != unicast drop
    ip daddr { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3 } drop
    ip daddr POOL drop
    iifname vmap @policies
    drop
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    iifname "PREFIXTAG-*" jump from_guest
  }
  chain input {
    type filter hook input priority filter - 1; policy accept;
    iifname "PREFIXTAG-*" ct state != { established, related } drop
  }

  chain to_guest {
    ct state established,related accept
    ct status dnat meta l4proto udp accept
    drop
  }
  chain forward {
    type filter hook forward priority filter - 1; policy accept;
    iifname "PREFIXTAG-*" oifname "PREFIX*" drop
    iifname "PREFIXTAG-*" oifname != @uplinks drop
    oifname "PREFIXTAG-*" jump to_guest
    # What forwards only for our sake forwards nothing else.
    iifname @opened oifname != "PREFIX*" ct state new ct status ! dnat drop
  }

  chain nat_prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local meta l4proto udp dnat ip to udp dport map @media
  }
  chain nat_output {
    type nat hook output priority -100; policy accept;
    PUBLIC
  }
  chain nat_postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    iifname "PREFIXTAG-*" masquerade
  }
}
flush set inet aerie_TAG resolvers
RESOLVERS
)";

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

}  // namespace

std::string filter_rules(const FilterOptions& options) {
  std::string resolvers;
  for (const auto& address : options.resolvers)
    resolvers += "add element inet aerie_TAG resolvers { " + address + " }\n";
  std::string text = rules;
  replace_all(text, "RESOLVERS", resolvers);
  replace_all(text, "PUBLIC",
              options.public_address.empty()
                  ? ""
                  : "ip daddr " + options.public_address +
                        " fib daddr type local meta l4proto udp dnat ip to udp dport map @media");
  replace_all(text, "PREFIX", interface_prefix);
  replace_all(text, "POOL", options.pool);
  replace_all(text, "TAG", options.tag);
  return text;
}

}  // namespace aerie::network
