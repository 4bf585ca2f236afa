#include "runtime/drivers/firecracker/firecracker_driver.hpp"

#include <cstdlib>
#include <sstream>
#include <unistd.h>

#include "runtime/drivers/firecracker/firecracker_vmm.hpp"

namespace aerie {
namespace {

constexpr int overhead_mib = 64;  // of Firecracker itself: some 5 MiB, and its threads' stacks

/// Empty: there is none.
std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos)
    return ::access(name.c_str(), X_OK) == 0 ? name : std::string{};
  const char* path = std::getenv("PATH");
  std::istringstream directories{path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path};
  for (std::string directory; std::getline(directories, directory, ':');) {
    auto candidate = directory + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

Result<std::unique_ptr<Vmm>> make_vmm(Reactor& reactor, const ImageSettings& images,
                                      const FirecrackerPrograms& programs, const MachineSpec& spec,
                                      VmPlan plan) {
  firecracker::FirecrackerVmm::Programs found{find_program(programs.firecracker), {}};
  if (found.firecracker.empty())
    return tl::unexpected(
        Cause{CauseKind::vmm_missing,
              "There is no program '" + programs.firecracker + "' to run the VM.",
              "Install a release of Firecracker for this host, or set vmm.firecracker to its path; "
              "without /dev/kvm use the driver qemu.",
              {}});
  found.jailer = find_program(programs.jailer);
  auto image = find_guest_image(images, spec.configure.profile->name);
  if (!image) return tl::unexpected(image.error());
  plan.image = std::move(*image);
  return std::make_unique<firecracker::FirecrackerVmm>(reactor, std::move(plan), std::move(found));
}

}  // namespace

std::shared_ptr<Driver> make_firecracker_driver(Reactor& reactor, Reactor& disk, VmOptions options,
                                                ImageSettings images,
                                                FirecrackerPrograms programs) {
  options.driver = "firecracker";
  options.overhead_mib = overhead_mib;
  return std::make_shared<VmDriver>(
      reactor, disk, std::move(options),
      [&reactor, images = std::move(images), programs = std::move(programs)](
          const MachineSpec& spec, VmPlan plan) {
        return make_vmm(reactor, images, programs, spec, std::move(plan));
      });
}

}  // namespace aerie
