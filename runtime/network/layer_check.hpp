#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "messages/cause.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie::network {

/// From the lowest one up.
enum class Layer { device, address, arp, ip, tcp };

[[nodiscard]] std::string_view to_string(Layer layer);

/// Why the media between this host and a guest does not flow: looks at one layer after the other,
/// and the first that does not work is the cause (`network-failed`, which names it).
///
///   device    the host's end is there, up, and its other end as well
///   address   the host's end has the next hop's address, and the guest's is routed to it
///   ARP       the guest answers for its address (RFC 826)
///   IP        it answers an echo request (RFC 792)
///   TCP       it answers a connection to a port, with whatever (RFC 9293): a refusal will do
///
/// Lives on the reactor's thread, in whose network namespace it looks. Waits at most
/// `longest_answer` a layer.
class LayerCheck {
 public:
  static constexpr Duration longest_answer{2000};

  struct Subject {
    std::string interface;  ///< the host's end
    std::string address;    ///< the guest's
    std::string next_hop;
  };
  /// No cause: all layers work.
  using Done = std::function<void(std::optional<Cause> failure)>;

  /// Calls `done` once, on the reactor's thread; the check keeps itself until then.
  static void run(Reactor& reactor, Subject subject, Done done);
};

}  // namespace aerie::network
