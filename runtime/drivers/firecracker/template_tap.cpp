#include "runtime/drivers/firecracker/template_tap.hpp"

#include <cerrno>
#include <cstring>
#include <linux/if_tun.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runtime/network/network_namespace.hpp"

namespace aerie::firecracker {

Result<std::unique_ptr<TemplateTap>> TemplateTap::make(const SpawnRequest::Identity& user) {
  // Two processes may save machines at once.
  const auto name = "aesave" + std::to_string(::getpid());
  const auto device = network::open_tap(name);
  if (!device) return tl::unexpected(device.error());
  if (::ioctl(device->get(), TUNSETOWNER, static_cast<long>(user.uid)) != 0 ||
      ::ioctl(device->get(), TUNSETPERSIST, 1L) != 0)
    return tl::unexpected(
        Cause{CauseKind::network_failed,
              "The tap device " + name + " can't be kept: " + std::strerror(errno) + ".",
              "Give the controller CAP_NET_ADMIN.",
              {}});
  return std::unique_ptr<TemplateTap>{new TemplateTap{name}};
}

TemplateTap::~TemplateTap() {
  const auto device = network::open_tap(name_);
  if (!device || ::ioctl(device->get(), TUNSETPERSIST, 0L) != 0)
    spdlog::warn("driver=firecracker the tap device {} is left behind: {}", name_,
                 device ? std::strerror(errno) : device.error().message);
}

}  // namespace aerie::firecracker
