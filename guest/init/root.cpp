#include "guest/init/root.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/init/devices.hpp"

namespace aerie::init {
namespace {

struct Mount {
  const char* type;
  const char* target;
  unsigned long flags;
  const char* options;
};

constexpr unsigned long careful = MS_NOSUID | MS_NODEV;

Cause not_mounted(CauseKind kind, const std::string& what, const std::string& where) {
  return {kind,
          what + " can't be mounted on " + where + ": " + std::strerror(errno) + ".",
          "Make the image again (./run image).",
          {}};
}

Result<void> mount_all(const auto& mounts) {
  for (const auto& each : mounts) {
    ::mkdir(each.target, 0755);
    if (::mount(each.type, each.target, each.type, each.flags, each.options) != 0 && errno != EBUSY)
      return tl::unexpected(not_mounted(CauseKind::image_corrupt, each.type, each.target));
  }
  return {};
}

bool is_there(const std::string& device) {
  struct stat status {};
  return ::stat(device.c_str(), &status) == 0;
}

Result<void> mount_disk(const std::string& device, const char* type, const char* target,
                        unsigned long flags) {
  if (!is_there(device)) return tl::unexpected(why_missing(device));
  if (::mount(device.c_str(), target, type, flags, nullptr) == 0) return {};
  return tl::unexpected(not_mounted(
      CauseKind::image_corrupt, "The " + std::string{type} + " file system of " + device, target));
}

}  // namespace

Result<void> mount_kernel_files() {
  return mount_all(std::array{Mount{"devtmpfs", "/dev", MS_NOSUID, "mode=0755"},
                              Mount{"proc", "/proc", careful | MS_NOEXEC, nullptr},
                              Mount{"sysfs", "/sys", careful | MS_NOEXEC, nullptr}});
}

Result<void> enter_root(const BootOptions& options) {
  for (const auto* directory : {"/lower", "/upper", "/root"})
    ::mkdir(directory, 0755);
  if (auto mounted = mount_disk(options.root, "squashfs", "/lower", MS_RDONLY); !mounted)
    return mounted;
  if (options.overlay == "none") {
    if (::mount("tmpfs", "/upper", "tmpfs", careful, "mode=0755") != 0)
      return tl::unexpected(not_mounted(CauseKind::image_corrupt, "tmpfs", "/upper"));
  } else if (auto mounted = mount_disk(options.overlay, "ext4", "/upper", MS_NOATIME); !mounted) {
    return mounted;
  }
  ::mkdir("/upper/files", 0755);
  ::mkdir("/upper/work", 0755);
  if (::mount("overlay", "/root", "overlay", MS_NOATIME,
              "lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work") != 0)
    return tl::unexpected(not_mounted(CauseKind::driver_missing, "The overlay", "/root"));
  for (const auto* directory : {"/dev", "/proc", "/sys"})
    if (::mount(directory, (std::string{"/root"} + directory).c_str(), nullptr, MS_MOVE, nullptr) !=
        0)
      return tl::unexpected(not_mounted(CauseKind::image_corrupt, directory, "the root"));
  if (::chdir("/root") != 0 || ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 ||
      ::chroot(".") != 0 || ::chdir("/") != 0)
    return tl::unexpected(not_mounted(CauseKind::image_corrupt, "The root", "/"));
  return mount_all(std::array{
      Mount{"devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=0620,ptmxmode=0666"},
      Mount{"tmpfs", "/dev/shm", careful, "mode=1777"},
      Mount{"tmpfs", "/run", careful, "mode=0755"}, Mount{"tmpfs", "/tmp", careful, "mode=1777"}});
}

}  // namespace aerie::init
