#pragma once

#include <string>

#include "messages/cause.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/network/guest_networks.hpp"

namespace aerie {

/// Whether guests get networks of their own here: tries it, in some 50 ms, at the first call. The
/// cause is why not: it was asked for (`requested`), or what is missing (`network-failed`).
[[nodiscard]] Result<void> guests_get_networks(const Settings& settings);

/// `tag`: as for cgroups, tells this state directory's from others'.
[[nodiscard]] network::NetworkOptions guest_network_options(const Settings& settings,
                                                            const std::string& tag);

}  // namespace aerie
