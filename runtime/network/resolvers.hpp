#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"
#include "runtime/network/packet_filter.hpp"

namespace aerie::network {

/// Whether an IPv4 address is one of this host's (of the calling thread's namespace).
[[nodiscard]] bool is_own_address(const std::string& address);

/// The IPv4 name servers of a resolv.conf(5) that a guest can use: neither loopback nor link-local.
[[nodiscard]] std::vector<std::string> usable_resolvers(std::string_view resolv_conf);

/// Those of this host, or, where it asks itself (systemd-resolved), whom that one asks. Without
/// addresses of this host, which guests can't reach.
[[nodiscard]] std::vector<std::string> host_resolvers();

/// A guest's resolv.conf.
[[nodiscard]] std::string resolv_conf_of(const std::vector<std::string>& resolvers);

/// What the `host:port` entries of a profile are now; an entry may be several. Asks the resolver:
/// may block for seconds. Errors: `network-failed` naming the entry.
[[nodiscard]] Result<std::vector<Destination>> look_up(const std::vector<std::string>& entries);

}  // namespace aerie::network
