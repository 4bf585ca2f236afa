#pragma once

#include <memory>
#include <vector>

#include "tests/support/page.hpp"
#include "tests/support/udp_relay.hpp"

namespace aerie::test {

/// The way between a viewer's page and its guest's media, which a test can lay anew: each of the
/// page's peers for pictures reaches the guest through one relay only, and the guest finds no other
/// way to it. For guests that share this host's network. The socket is not touched.
class MediaPath {
 public:
  /// Before the page is opened, or it must be loaded again after.
  explicit MediaPath(Page& page, const NetworkShape& shape = {});

  /// Waits for the guest's address of the next peer and leads it through a relay of its own.
  void lay(std::chrono::milliseconds within = patience);
  /// Nothing passes the way that was laid last any more.
  void cut();
  void mend();

 private:
  Page& page_;
  NetworkShape shape_;
  std::vector<std::unique_ptr<UdpRelay>> relays_;  ///< one a peer
};

}  // namespace aerie::test
