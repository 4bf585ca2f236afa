#include "runtime/drivers/firecracker/api_errors.hpp"

#include <algorithm>
#include <array>

namespace aerie::firecracker {
namespace {

using enum CauseKind;

constexpr std::size_t longest_text = 2048;

struct Known {
  std::string_view words;  ///< of Firecracker's message
  std::string_view path;   ///< the request's path begins so
  CauseKind kind;
  std::string_view remedy;
};

constexpr std::string_view not_an_elf =
    "Give it an uncompressed vmlinux: `aerie kernel extract BZIMAGE VMLINUX` makes one.";
constexpr std::string_view tap_busy =
    "End what still uses the tap device; a VM's devices are its own.";

/// The first that fits counts: what is more precise stands before what is more general.
constexpr std::array known{
    Known{"No space left on device", "", disk_full,
          "Free space in the state directory's file system."},
    Known{"Invalid Elf magic number", "", kernel_not_elf, not_an_elf},
    Known{"Invalid ELF magic number", "", kernel_not_elf, not_an_elf},
    Known{"InvalidElfMagicNumber", "", kernel_not_elf, not_an_elf},
    Known{"Unable to read ELF header", "", kernel_not_elf, not_an_elf},
    Known{"Unable to read kernel image", "", image_corrupt,
          "The kernel's file is cut short, or does not fit into the guest's memory; make the image "
          "again (./run image)."},
    Known{"invalid kernel image", "", image_corrupt,
          "The kernel's file is damaged, or the guest's memory is too small for it; make the image "
          "again (./run image)."},
    Known{"The kernel file cannot be opened", "", root_missing,
          "Set images.kernel to a readable file; in a jail it must be linked into it."},
    Known{"The initrd file cannot be opened", "", root_missing,
          "Make the image again (./run image); in a jail it must be linked into it."},
    Known{"No such file or directory", "/drives", root_missing,
          "Make the image again (./run image); in a jail its files must be linked into it."},
    Known{"No such file or directory", "/snapshot/load", image_corrupt,
          "The saved state is gone or incomplete; start without it and save a new one."},
    Known{"", "/snapshot/load", image_corrupt,
          "The saved state is of another version, processor or image, or damaged; save a new one."},
    Known{"Error with initrd initialization", "", memory_too_small,
          "Give the profile more memory (resources.memoryMiB)."},
    Known{"The memory size (MiB)", "", memory_too_small,
          "Give the profile more memory (resources.memoryMiB)."},
    Known{"Out of memory", "", memory_too_small,
          "The host has no memory left for this guest; end others, or lower resources.memoryMiB."},
    Known{"Cannot allocate memory", "", memory_too_small,
          "The host has no memory left for this guest; end others, or lower resources.memoryMiB."},
    Known{"AddrInUse", "", address_in_use,
          "Another VMM uses the socket, or one that was killed left it; remove it once none runs."},
    Known{"Address in use", "", address_in_use,
          "Another VMM uses the socket, or one that was killed left it; remove it once none runs."},
    Known{"The MAC address is already in use", "", address_in_use,
          "Give each network interface an address of its own."},
    Known{"Resource busy", "/network-interfaces", address_in_use, tap_busy},
    Known{"Device or resource busy", "", address_in_use, tap_busy},
    Known{"Open tap device failed", "", network_failed,
          "Make the tap device first, owned by the VMM's user and in its network namespace."},
    Known{"/dev/kvm", "", vmm_failed,
          "Firecracker needs KVM: load the module, and let the VMM's user open /dev/kvm."},
    Known{"Error creating KVM object", "", vmm_failed,
          "Firecracker needs KVM: load the module, and let the VMM's user open /dev/kvm."},
    Known{"The requested operation is not supported", "", vmm_failed,
          "The order of requests does not fit this version of Firecracker; look into its log."},
    Known{"An error occurred when deserializing the json body", "", vmm_failed,
          "This version of Firecracker does not know the request; install a newer one."},
};

std::string one_line(std::string_view text) {
  std::string line{text.substr(0, longest_text)};
  std::replace_if(
      line.begin(), line.end(), [](unsigned char byte) { return byte < 0x20 || byte == 0x7f; },
      ' ');
  while (!line.empty() && (line.back() == ' ' || line.back() == '.'))
    line.pop_back();
  return line;
}

std::string fault_of(int status, std::string_view body) {
  const auto json = Json::parse(body, nullptr, false);
  if (json.is_object()) {
    const auto found = json.find("fault_message");
    if (found != json.end() && found->is_string()) return one_line(found->get<std::string>());
  }
  return "status " + std::to_string(status) +
         (body.empty() ? std::string{} : ": " + one_line(body));
}

const Known* recognise(const std::string& fault, std::string_view path) {
  const auto fits = [&](const Known& each) {
    return fault.find(each.words) != std::string::npos && path.starts_with(each.path);
  };
  const auto* found = std::find_if(known.begin(), known.end(), fits);
  return found == known.end() ? nullptr : found;
}

struct KnownExit {
  int code;
  std::string_view why;
  std::string_view remedy;
};

constexpr std::string_view see_log = "Look into its log; report it to Firecracker's maintainers.";

constexpr std::array exits{
    KnownExit{148, "a system call that its seccomp filter forbids (SIGSYS)",
              "Use a Firecracker release built for this host; its log names the system call."},
    KnownExit{149, "a bus error (SIGBUS): a file that it maps was cut short, or the disk is full",
              "Check space and the image's files."},
    KnownExit{150, "an invalid memory access (SIGSEGV)", see_log},
    KnownExit{151, "its greatest file size (SIGXFSZ)", "Raise the jail's resource limit fsize."},
    KnownExit{152, "a configuration that it does not accept",
              "Its last lines name what; a restart would end the same way."},
    KnownExit{153, "arguments that it does not know",
              "Install a version of Firecracker that knows them."},
    KnownExit{154, "its processor time (SIGXCPU)", "Raise the limit of processor time."},
    KnownExit{155, "a failing power supply (SIGPWR)", "Find out who sent the signal."},
    KnownExit{156, "a hang-up (SIGHUP)", "Find out who sent the signal."},
    KnownExit{157, "an illegal instruction (SIGILL)",
              "Use a Firecracker release built for this processor."},
};

}  // namespace

Cause cause_of_refusal(const ApiRequest& request, int status, std::string_view body) {
  const auto fault = fault_of(status, body);
  const auto message = "Firecracker refused " + name_of(request) + ": " + fault + ".";
  if (const auto* found = recognise(fault, request.path))
    return {found->kind, message, std::string{found->remedy}, {}};
  return {vmm_failed, message, "Look into Firecracker's log beside the VM's console.", {}};
}

void explain_exit(ExitRecord& exit) {
  if (exit.kind != exit_code || !exit.code) return;
  const auto* found = std::find_if(exits.begin(), exits.end(),
                                   [&](const KnownExit& each) { return each.code == *exit.code; });
  const auto is_about_kvm = [](const std::string& line) {
    return line.find("/dev/kvm") != std::string::npos ||
           line.find("Error creating KVM object") != std::string::npos;
  };
  const auto about_kvm = std::find_if(exit.tail.begin(), exit.tail.end(), is_about_kvm);
  if (about_kvm != exit.tail.end()) {
    exit.kind = vmm_failed;
    exit.message = "Firecracker can't use KVM: " + one_line(*about_kvm) + ".";
    exit.remedy = "Load the module, and let the VMM's user open /dev/kvm.";
    return;
  }
  if (found == exits.end()) return;
  exit.kind = found->code == 157 ? illegal_instruction : vmm_failed;
  exit.message = "Firecracker was ended by " + std::string{found->why} + " (status " +
                 std::to_string(found->code) + ").";
  exit.remedy = std::string{found->remedy};
}

}  // namespace aerie::firecracker
