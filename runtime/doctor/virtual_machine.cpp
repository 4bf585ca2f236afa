#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include "runtime/controller/actor_settings.hpp"
#include "runtime/doctor/checks.hpp"
#include "runtime/doctor/probe.hpp"
#include "runtime/drivers/qemu/acceleration.hpp"
#include "runtime/images/guest_image.hpp"

namespace aerie::doctor {
namespace {

DoctorCheck failed(const std::string& name, const Cause& cause) {
  return {name, false, cause.message, cause.remedy};
}

std::string text_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

/// The modules of an initrd load into the kernel they were made for, and into no other.
DoctorCheck check_modules(const GuestImage& image) {
  const auto manifest = Json::parse(text_of(image.folder + "/manifest.json"), nullptr, false);
  const auto version = manifest.is_object() ? manifest.value("kernel", "") : "";
  const auto modules = manifest.is_object() ? manifest.value("modules", Json::array()) : Json{};
  for (const auto* needed : {"virtio_mmio", "virtio_blk", "virtio_net", "virtio_console"})
    if (std::find(modules.begin(), modules.end(), needed) == modules.end())
      return {"image modules", false,
              std::string{"The image's initrd has no module "} + needed + ".",
              "Name it in config/images, and make the image again (./run image)."};
  const bool fits =
      text_of(image.kernel).find("Linux version " + version + " ") != std::string::npos;
  if (fits)
    return {"image modules", true, "The initrd's modules are of the kernel, " + version + ".", ""};
  return {"image modules", false,
          "The initrd's modules are of the kernel " + version + ", and '" + image.kernel +
              "' is another.",
          "Set images.initrd too, or leave images.kernel out."};
}

DoctorCheck check_memory_of(const GuestImage& image, const Profile& profile) {
  const auto has = profile.resources.memory_mib;
  const auto numbers = std::to_string(has) + " MiB, and the image boots with " +
                       std::to_string(image.memory_mib) + " MiB or more";
  if (has >= image.memory_mib) return {"image memory", true, "A guest has " + numbers + ".", ""};
  return {"image memory", false, "A guest has " + numbers + ".",
          "Raise resources.memoryMiB of the profile, or guests.memoryMiB."};
}

DoctorCheck check_acceleration(const Settings& settings, const GuestImage& image) {
  std::optional<SpawnRequest::Identity> identity;
  if (::geteuid() == 0) {
    const auto id = static_cast<uid_t>(settings.guests.uid_base);
    identity = SpawnRequest::Identity{id, id};
  }
  const auto choice = choose_acceleration(image.kernel, identity);
  const bool is_fast = choice.acceleration == Acceleration::kvm;
  return {"kvm", true, choice.why,
          is_fast ? "" : "Use a host with hardware virtualization for guests at full speed."};
}

/// Firecracker knows no other way to run a processor.
DoctorCheck check_kvm() {
  if (::access("/dev/kvm", R_OK | W_OK) == 0) return {"kvm", true, "/dev/kvm opens.", ""};
  return {"kvm", false,
          std::string{"/dev/kvm can't be opened: "} + std::strerror(errno) +
              ", and Firecracker needs it.",
          "Use a host with hardware virtualization, or the driver qemu."};
}

}  // namespace

Checks check_virtual_machine(const Settings& settings, const Profile& profile,
                             const std::string& driver) {
  Checks checks;
  const std::string program = driver == "qemu" ? qemu_program : settings.firecracker_program;
  const auto found = find_program(program);
  checks.push_back(
      found ? DoctorCheck{"program " + program, true, program + " is " + *found + ".", ""}
            : DoctorCheck{"program " + program, false, program + " is not in PATH.",
                          driver == "qemu" ? "Install the Debian package qemu-system-x86."
                                           : "Install a release of Firecracker."});
  const auto image = find_guest_image(image_settings(settings), profile.name);
  if (!image) {
    checks.push_back(failed("image", image.error()));
    return checks;
  }
  checks.push_back({"image", true,
                    "The image " + image->folder +
                        " has booted to a frame; its kernel is a whole "
                        "ELF file.",
                    ""});
  checks.push_back(check_modules(*image));
  checks.push_back(check_memory_of(*image, profile));
  if (found && driver == "qemu") checks.push_back(check_acceleration(settings, *image));
  if (driver == "firecracker") checks.push_back(check_kvm());
  return checks;
}

}  // namespace aerie::doctor
