#pragma once

#include <optional>
#include <string>

#include "messages/cause.hpp"

/// Checks of single values of the configuration: each returns what is wrong, or nothing.
namespace aerie::config {

using Complaint = std::optional<std::string>;

/// `a.b.c.d/8` to `/29`, the host bits zero.
[[nodiscard]] Complaint check_pool(const std::string& text);
/// `http://` or `https://`, a host, perhaps a port; no path, query or user.
[[nodiscard]] Complaint check_origin(const std::string& text);
/// A host name or address, perhaps with a port.
[[nodiscard]] Complaint check_host(const std::string& text);
[[nodiscard]] Complaint check_ipv4(const std::string& text);
/// The name of a network interface.
[[nodiscard]] Complaint check_interface(const std::string& text);
/// `FIRST-LAST`, of ports from 1024 on.
[[nodiscard]] Complaint check_ports(const std::string& text);
/// A list of `{urls, username?, credential?}` with stun:, turn: or turns: addresses.
[[nodiscard]] Complaint check_ice_servers(const Json& value);

}  // namespace aerie::config
