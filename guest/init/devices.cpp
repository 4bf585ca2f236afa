#include "guest/init/devices.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/syscall.h>
#include <unistd.h>

namespace aerie::init {
namespace {

namespace fs = std::filesystem;

constexpr const char* make_image_again = "Make the image again (./run image).";

std::string first_word(const fs::path& path) {
  std::ifstream file{path};
  std::string word;
  file >> word;
  return word;
}

}  // namespace

Result<void> load_modules(const std::string& list) {
  std::ifstream file{list};
  for (std::string path; std::getline(file, path);) {
    const int module = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool is_loaded =
        module >= 0 && (::syscall(SYS_finit_module, module, "", 0) == 0 || errno == EEXIST);
    const int error = errno;
    if (module >= 0) ::close(module);
    if (is_loaded) continue;
    return tl::unexpected(
        Cause{CauseKind::driver_missing,
              "The kernel module " + path + " can't be loaded: " + std::strerror(error) + ".",
              make_image_again,
              {}});
  }
  return {};
}

Cause why_missing(const std::string& device) {
  std::error_code error;
  std::size_t seen = 0;
  for (const auto& entry : fs::directory_iterator{"/sys/bus/virtio/devices", error}) {
    ++seen;
    if (fs::exists(entry.path() / "driver", error)) continue;
    constexpr std::string_view block = "0x0002";  // virtio 1.1, section 5
    if (first_word(entry.path() / "device") != block) continue;
    return {CauseKind::driver_missing,
            "The disk " + device + " has no driver: the module virtio_blk is not in the initrd.",
            make_image_again,
            {}};
  }
  if (seen == 0)
    return {CauseKind::driver_missing,
            "No virtio device is seen, so there is no disk " + device +
                ": the module virtio_mmio is not in the initrd.",
            make_image_again,
            {}};
  return {CauseKind::root_missing,
          "There is no device " + device + ".",
          "Give the machine the disk that the kernel's command line names.",
          {}};
}

std::string serial_port_named(const std::string& name) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{"/sys/class/virtio-ports", error})
    if (first_word(entry.path() / "name") == name)
      return "/dev/" + entry.path().filename().string();
  return {};
}

}  // namespace aerie::init
