#pragma once

#include <functional>
#include <memory>
#include <string>

#include "messages/cause.hpp"
#include "runtime/process/reactor.hpp"

struct nl_sock;

namespace aerie::network {

/// Hears from the kernel what becomes of network devices (rtnetlink(7), group RTNLGRP_LINK), in
/// the network namespace of the reactor's thread. Lives on that thread.
class DeviceWatch {
 public:
  /// `is_working`: the device is there and up, and so is its other end. An empty name: the kernel
  /// had more to say than its buffer holds, so that any device may have changed.
  using Changed = std::function<void(const std::string& device, bool is_working)>;

  /// Errors: `network-failed`.
  [[nodiscard]] static Result<std::unique_ptr<DeviceWatch>> open(Reactor& reactor, Changed changed);

  explicit DeviceWatch(Changed changed);
  DeviceWatch(const DeviceWatch&) = delete;
  DeviceWatch& operator=(const DeviceWatch&) = delete;
  ~DeviceWatch();

 private:
  struct Closer {
    void operator()(nl_sock* socket) const;
  };
  void read();

  Changed changed_;
  std::unique_ptr<nl_sock, Closer> socket_;
  Watch watch_;
};

}  // namespace aerie::network
