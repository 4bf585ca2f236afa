// What breaks a virtual machine: its image, its kernel, its VMM, its disk, what runs in it.

#include <fstream>
#include <iterator>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/replay/altered_image.hpp"
#include "tests/support/descendants.hpp"

namespace aerie::replay {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Alteration = std::function<void(Scene& scene, AlteredImage& image)>;

Fault fault(const std::string& name, CauseKind kind, const std::string& names,
            Alteration alteration) {
  auto made = sleeper_fault("a machine: " + name, kind, names);
  made.prepare = [alteration = std::move(alteration)](Scene& scene) {
    AlteredImage image{scene};
    if (alteration) alteration(scene, image);
  };
  made.plant = [](Scene& scene) {
    scene.mark();
    scene.start();
  };
  made.due = 15s;  // a boot, on a host that emulates: no figure of it is kept
  return made;
}

std::string program(const std::string& name) {
  std::ifstream file{fixture(name), std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

void set(Scene& scene, const std::string& key, const std::string& value) {
  std::erase_if(scene.options.set, [&](const auto& pair) { return pair.first == key; });
  scene.options.set.emplace_back(key, value);
}

Fault cut_kernel() {
  return fault("a kernel cut short", CauseKind::image_corrupt, "vmlinux",
               [](Scene& scene, AlteredImage& image) {
                 const auto cut = scene.folder() / "cut-vmlinux";
                 fs::copy_file(image.kernel(), cut);
                 fs::resize_file(cut, 1'000'000);
                 set(scene, "images.kernel", cut.string());
               });
}

Fault no_kernel() {
  return fault("a kernel that is none", CauseKind::kernel_not_elf, "no-kernel",
               [](Scene& scene, AlteredImage&) {
                 const auto text = scene.folder() / "no-kernel";
                 std::ofstream{text} << "Linux version 6\n";
                 set(scene, "images.kernel", text.string());
               });
}

Fault little_memory() {
  return fault("128 MiB of memory", CauseKind::memory_too_small, "128 MiB",
               [](Scene& scene, AlteredImage&) { set(scene, "guests.memoryMiB", "128"); });
}

Fault without_module(const std::string& module) {
  return fault("an image without " + module, CauseKind::driver_missing, module,
               [module](Scene&, AlteredImage& image) {
                 image.overlay_initrd({{"modules", image.modules_without(module)}});
               });
}

Fault without_root() {
  return fault(
      "a root file system that is not there", CauseKind::root_missing, "/nowhere.squashfs",
      [](Scene& scene, AlteredImage&) { set(scene, "images.rootfs", "/nowhere.squashfs"); });
}

Fault corrupt_root() {
  return fault("a corrupted root file system", CauseKind::image_corrupt, "/dev/vda",
               [](Scene& scene, AlteredImage&) {
                 const auto rubbish = scene.folder() / "rubbish";
                 std::ofstream{rubbish} << std::string(1'000'000, 'x');
                 set(scene, "images.rootfs", rubbish.string());
               });
}

Fault without_nice() {
  auto made = fault("an image without the nice elements", CauseKind::plugin_missing, "nice",
                    [](Scene&, AlteredImage& image) {
                      image.rebuild_root([](const fs::path& root) {
                        for (const auto& entry : fs::recursive_directory_iterator{root / "usr/lib"})
                          if (entry.path().filename() == "libgstnice.so") {
                            fs::remove(entry.path());
                            return;
                          }
                      });
                    });
  made.children = Json::array({{{"name", "subject"}, {"builtin", "stream"}}});
  return made;
}

Fault no_vmm() {
  return fault("a VMM that is not there", CauseKind::vmm_missing, "/nowhere/qemu",
               [](Scene& scene, AlteredImage&) { set(scene, "vmm.qemu", "/nowhere/qemu"); });
}

Fault killed_vmm() {
  auto made = fault("a VMM that is killed", CauseKind::vmm_exited, "SIGKILL", {});
  made.plant = [](Scene& scene) {
    scene.start();
    scene.wait_for("child.ready", "subject");
    const auto found = test::descendants("qemu-system-x86");
    if (found.size() != 1) throw std::runtime_error("which VMM is it?");
    scene.mark();
    ::kill(found.front(), SIGKILL);
  };
  made.due = 0ms;
  return made;
}

Fault panic() {
  return fault("a kernel panic", CauseKind::kernel_panic, "sysrq", [](Scene&, AlteredImage& image) {
    image.overlay_initrd({{"init", program("aerie-panicking-init")}});
  });
}

Fault silence() {
  return fault("a machine that never speaks", CauseKind::link_timeout, "link",
               [](Scene& scene, AlteredImage& image) {
                 image.overlay_initrd({{"init", program("aerie-silent-init")}});
                 set(scene, "guests.vmLinkMs", "8000");
               });
}

Fault lies(const std::string& what, const std::string& lie, const std::string& names) {
  return fault(what, CauseKind::link_violation, names, [lie](Scene&, AlteredImage& image) {
    image.rebuild_root([&lie](const fs::path& root) {
      const auto guest = root / "usr/lib/aerie/aerie-guest";
      std::ofstream{guest, std::ios::trunc} << program("lying/aerie-guest");
      fs::permissions(guest, fs::perms{0755});
      std::ofstream{root / "home/user/planted"} << lie;
    });
  });
}

Fault full_disk() {
  auto made = fault("a full disk beneath its overlay", CauseKind::disk_full, "/vms/", {});
  made.children[0]["command"] = {"/bin/sh", "-c",
                                 "while head -c 4000000 /dev/zero >>\"$HOME/big\"; do sync; done; "
                                 "exec sleep 1000"};
  made.plant = [](Scene& scene) {
    const auto vms = (scene.state() / "vms").string();
    if (::mount("tmpfs", vms.c_str(), "tmpfs", 0, "size=24m,mode=0700") != 0)
      throw LeftOut("a small file system can be mounted by root only");
    scene.undo = [vms] { ::umount2(vms.c_str(), MNT_DETACH); };
    scene.mark();
    scene.start();
  };
  return made;
}

}  // namespace

std::vector<Fault> faults_of_machines() {
  return {cut_kernel(),
          no_kernel(),
          little_memory(),
          without_module("virtio_mmio"),
          without_module("virtio_blk"),
          without_module("virtio_net"),
          without_root(),
          corrupt_root(),
          without_nice(),
          no_vmm(),
          killed_vmm(),
          panic(),
          silence(),
          lies("a guest that lies about a frame's size", "huge", "4294967295"),
          lies("a guest that sends what is no JSON", "rubbish", "JSON"),
          lies("a guest that does not know its secret", "secret", "secret"),
          full_disk()};
}

}  // namespace aerie::replay
