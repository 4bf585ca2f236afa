#include "runtime/drivers/firecracker/firecracker_driver.hpp"

#include <spdlog/spdlog.h>

#include "runtime/drivers/firecracker/firecracker_state.hpp"
#include "runtime/drivers/firecracker/firecracker_vmm.hpp"

namespace aerie {
namespace {

using firecracker::FirecrackerVmm;

constexpr int overhead_mib = 64;  // of Firecracker itself: some 5 MiB, and its threads' stacks

/// Looks for programs and image of each VM anew, for they may have come meanwhile. On one thread.
class VmmMaker {
 public:
  VmmMaker(Reactor& reactor, ImageSettings images, FirecrackerPrograms programs,
           const VmOptions& options)
      : reactor_(reactor),
        images_(std::move(images)),
        programs_(std::move(programs)),
        has_networks_(options.networks != nullptr),
        templates_have_network_(options.templates_have_network),
        states_(images_.directory) {}

  Result<std::unique_ptr<Vmm>> make(const MachineSpec& spec, VmPlan plan) {
    auto found = firecracker::find_programs(programs_);
    if (found.firecracker.empty())
      return tl::unexpected(Cause{
          CauseKind::vmm_missing,
          "There is no program '" + programs_.firecracker + "' to run the VM.",
          "Install a release of Firecracker for this host, or set vmm.firecracker to its path; "
          "without /dev/kvm use the driver qemu.",
          {}});
    auto image = find_guest_image(images_, spec.configure.profile->name);
    if (!image) return tl::unexpected(image.error());
    plan.image = std::move(*image);
    auto state = state_for(spec.configure, plan, found);
    return std::make_unique<FirecrackerVmm>(
        reactor_, std::move(plan),
        FirecrackerVmm::Options{std::move(found), std::move(state),
                                spec.configure.is_template && templates_have_network_});
  }

 private:
  /// What a saved guest was started with can't be changed: environment and display.
  std::optional<SavedState> state_for(const link::Configure& configure, const VmPlan& plan,
                                      const FirecrackerVmm::Programs& found) {
    const auto& profile = *configure.profile;
    if (!configure.env.empty() || configure.display != profile.display || configure.is_template)
      return std::nullopt;
    if (version_.empty()) version_ = firecracker::version_of(found.firecracker);
    if (has_networks_ && !firecracker::takes_other_taps(version_)) return std::nullopt;
    auto state = states_.find(state_key(
        plan.image, profile,
        firecracker::identity_of(version_, plan.resources,
                                 FirecrackerVmm::is_jailed(found, plan.identity), has_networks_)));
    if (state) return std::move(*state);
    spdlog::warn("driver=firecracker {} The guest boots instead. {}", state.error().message,
                 state.error().remedy);
    return std::nullopt;
  }

  Reactor& reactor_;
  ImageSettings images_;
  FirecrackerPrograms programs_;
  bool has_networks_;
  bool templates_have_network_;
  SavedStates states_;
  std::string version_;
};

}  // namespace

std::shared_ptr<Driver> make_firecracker_driver(Reactor& reactor, Reactor& disk, VmOptions options,
                                                ImageSettings images,
                                                FirecrackerPrograms programs) {
  options.driver = "firecracker";
  options.overhead_mib = overhead_mib;
  auto maker = std::make_shared<VmmMaker>(reactor, std::move(images), std::move(programs), options);
  return std::make_shared<VmDriver>(
      reactor, disk, std::move(options),
      [maker](const MachineSpec& spec, VmPlan plan) { return maker->make(spec, std::move(plan)); });
}

}  // namespace aerie
