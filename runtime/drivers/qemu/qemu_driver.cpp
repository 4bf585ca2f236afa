#include "runtime/drivers/qemu/qemu_driver.hpp"

#include <optional>
#include <spdlog/spdlog.h>

#include "runtime/drivers/qemu/acceleration.hpp"
#include "runtime/drivers/qemu/qemu_vmm.hpp"

namespace aerie {
namespace {

/// Looks for the image of each VM anew, for it may have been made meanwhile; asks once what
/// accelerates. On the disk's thread.
class VmmMaker {
 public:
  VmmMaker(Reactor& reactor, ImageSettings images)
      : reactor_(reactor), images_(std::move(images)) {}

  Result<std::unique_ptr<Vmm>> make(const MachineSpec& spec, VmPlan plan) {
    auto image = find_guest_image(images_, spec.configure.profile->name);
    if (!image) return tl::unexpected(image.error());
    plan.image = std::move(*image);
    if (!choice_) {
      choice_ = choose_acceleration(plan.image.kernel, plan.identity);
      spdlog::info("driver=qemu {}", choice_->why);
    }
    return std::make_unique<QemuVmm>(reactor_, std::move(plan), *choice_);
  }

 private:
  Reactor& reactor_;
  ImageSettings images_;
  std::optional<AccelerationChoice> choice_;
};

}  // namespace

std::shared_ptr<Driver> make_qemu_driver(Reactor& reactor, Reactor& disk, VmOptions options,
                                         ImageSettings images) {
  options.driver = "qemu";
  options.overhead_mib = qemu_overhead_mib(Acceleration::tcg);
  auto maker = std::make_shared<VmmMaker>(reactor, std::move(images));
  return std::make_shared<VmDriver>(
      reactor, disk, std::move(options),
      [maker](const MachineSpec& spec, VmPlan plan) { return maker->make(spec, std::move(plan)); });
}

}  // namespace aerie
