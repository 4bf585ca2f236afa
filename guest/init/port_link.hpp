#pragma once

#include <memory>

#include "guest/init/link_relay.hpp"

namespace aerie::init {

/// The link over a virtio-serial port, which has no connections. Lives on the reactor's thread.
class PortLink final : public MachineLink {
 public:
  /// `port` is non-blocking.
  [[nodiscard]] static Result<std::unique_ptr<MachineLink>> open(Reactor& reactor, UniqueFd port,
                                                                 LinkEvents events);

  [[nodiscard]] bool has_unsent() const override { return relay_.has_unsent(); }

 private:
  PortLink(Reactor& reactor, UniqueFd port, LinkEvents events);
  void on_port();
  void read_port();

  UniqueFd port_;
  Watch watch_;
  LinkRelay relay_;
};

}  // namespace aerie::init
