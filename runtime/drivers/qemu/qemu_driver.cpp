#include "runtime/drivers/qemu/qemu_driver.hpp"

#include <optional>
#include <spdlog/spdlog.h>

#include "runtime/drivers/qemu/qemu_state.hpp"
#include "runtime/drivers/qemu/qemu_vmm.hpp"

namespace aerie {
namespace {

/// Looks for the image of each VM anew, for it may have been made meanwhile; asks once what
/// accelerates, and for QEMU's version. On one thread.
class VmmMaker {
 public:
  VmmMaker(Reactor& reactor, ImageSettings images, std::string program)
      : reactor_(reactor),
        images_(std::move(images)),
        program_(std::move(program)),
        states_(images_.directory) {}

  Result<std::unique_ptr<Vmm>> make(const MachineSpec& spec, VmPlan plan) {
    auto image = find_guest_image(images_, spec.configure.profile->name);
    if (!image) return tl::unexpected(image.error());
    plan.image = std::move(*image);
    const auto machine = machine_of(plan);
    auto state = state_for(spec.configure, plan.image, machine);
    return std::make_unique<QemuVmm>(
        reactor_, std::move(plan),
        QemuVmm::Options{machine, std::move(state), program_, !spec.configure.is_template});
  }

 private:
  QemuMachine machine_of(const VmPlan& plan) {
    if (!choice_) {
      choice_ = choose_acceleration(plan.image.kernel, plan.identity);
      spdlog::info("driver=qemu {}", choice_->why);
    }
    auto machine = qemu_machine(*choice_, plan.resources);
    machine.disk_mib_per_second = plan.disk_mib_per_second;
    return machine;
  }

  /// What a saved guest was started with can't be changed: environment and display.
  std::optional<SavedState> state_for(const link::Configure& configure, const GuestImage& image,
                                      const QemuMachine& machine) {
    const auto& profile = *configure.profile;
    if (!configure.env.empty() || configure.display != profile.display || configure.is_template)
      return std::nullopt;
    if (version_.empty()) version_ = qemu_version();
    auto state = states_.find(state_key(image, profile, qemu_identity(machine, version_)));
    if (state) return std::move(*state);
    spdlog::warn("driver=qemu {} The guest boots instead. {}", state.error().message,
                 state.error().remedy);
    return std::nullopt;
  }

  Reactor& reactor_;
  ImageSettings images_;
  std::string program_;
  SavedStates states_;
  std::optional<AccelerationChoice> choice_;
  std::string version_;
};

}  // namespace

QemuMachine qemu_machine(const AccelerationChoice& choice, const Resources& resources) {
  QemuMachine machine;
  machine.acceleration = choice.acceleration;
  machine.resources = resources;
  machine.kernel_arguments = qemu_kernel_arguments(choice.tsc_khz);
  return machine;
}

std::shared_ptr<Driver> make_qemu_driver(Reactor& reactor, Reactor& disk, VmOptions options,
                                         ImageSettings images, std::string program) {
  options.driver = "qemu";
  options.overhead_mib = qemu_overhead_mib(Acceleration::tcg);
  auto maker = std::make_shared<VmmMaker>(reactor, std::move(images), std::move(program));
  return std::make_shared<VmDriver>(
      reactor, disk, std::move(options),
      [maker](const MachineSpec& spec, VmPlan plan) { return maker->make(spec, std::move(plan)); });
}

}  // namespace aerie
