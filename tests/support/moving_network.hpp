#pragma once

#include <aerie/embedded.hpp>
#include <optional>
#include <string>

#include "runtime/network/netlink.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::test {

/// A network namespace with two links to this host, of which it uses one: what a device is that
/// goes from one network to another, by which it has another address. Needs root. All of it is gone
/// with the object and the processes in it. Failures throw `std::runtime_error`.
class MovingNetwork {
 public:
  MovingNetwork();
  MovingNetwork(const MovingNetwork&) = delete;
  MovingNetwork& operator=(const MovingNetwork&) = delete;
  ~MovingNetwork();

  /// What starts a controller that is reached over either link, as are its guests' media.
  [[nodiscard]] static EmbeddedOptions controller();
  /// A file that names the namespace, for nsenter(1).
  [[nodiscard]] std::string path() const;

  /// Takes the link that is used down, with its address, and uses the other.
  void move();

 private:
  void lay_link(int number);
  void take_address(int number);

  UniqueFd namespace_;
  std::optional<network::Netlink> outside_;
  std::optional<network::Netlink> inside_;
  int present_ = 0;  ///< the link that is used
};

}  // namespace aerie::test
