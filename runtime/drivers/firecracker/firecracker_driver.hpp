#pragma once

#include <memory>
#include <string>

#include "runtime/drivers/vm/vm_driver.hpp"
#include "runtime/images/guest_image.hpp"

namespace aerie {

/// The programs of the driver `firecracker`: names in PATH, or absolute paths. A jailer that is not
/// there is done without.
struct FirecrackerPrograms {
  std::string firecracker = "firecracker";
  std::string jailer = "jailer";
};

/// The driver `firecracker`: a guest is a microvm of Firecracker.
[[nodiscard]] std::shared_ptr<Driver> make_firecracker_driver(Reactor& reactor, Reactor& disk,
                                                              VmOptions options,
                                                              ImageSettings images,
                                                              FirecrackerPrograms programs = {});

}  // namespace aerie
