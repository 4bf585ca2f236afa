#pragma once

#include <string>
#include <vector>

#include "messages/cause.hpp"

namespace aerie::init {

/// What the host gives a guest; each guest is alone with the host on its wire.
struct NetworkOptions {
  std::string address;                 ///< of `eth0`, as /32
  std::string gateway;                 ///< the host's end, on that wire
  std::vector<std::string> resolvers;  ///< for /etc/resolv.conf
};

/// Brings up the loopback interface. Errors: `network-failed`.
[[nodiscard]] Result<void> set_up_loopback();

/// Brings up `eth0`, also in place of what it was before. Errors: `network-failed` naming the step,
/// `driver-missing` without `eth0`.
[[nodiscard]] Result<void> set_up_network(const NetworkOptions& options);

}  // namespace aerie::init
