#pragma once

#include <memory>

#include "runtime/drivers/qemu/acceleration.hpp"
#include "runtime/drivers/vm/vm_driver.hpp"
#include "runtime/images/guest_image.hpp"

namespace aerie {

/// The machine for a guest with these resources.
[[nodiscard]] QemuMachine qemu_machine(const AccelerationChoice& choice,
                                       const Resources& resources);

/// The driver `qemu`: a guest is a microvm of QEMU. What accelerates it is found out with the first
/// one.
[[nodiscard]] std::shared_ptr<Driver> make_qemu_driver(Reactor& reactor, Reactor& disk,
                                                       VmOptions options, ImageSettings images,
                                                       std::string program = qemu_program);

}  // namespace aerie
