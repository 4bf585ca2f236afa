#pragma once

#include <memory>

#include "runtime/drivers/vm/vm_driver.hpp"
#include "runtime/images/guest_image.hpp"

namespace aerie {

/// The driver `qemu`: a guest is a microvm of QEMU. What accelerates it is found out with the first
/// one.
[[nodiscard]] std::shared_ptr<Driver> make_qemu_driver(Reactor& reactor, Reactor& disk,
                                                       VmOptions options, ImageSettings images);

}  // namespace aerie
