#include "tests/replay/altered_image.hpp"

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include "runtime/doctor/probe.hpp"
#include "runtime/images/guest_image.hpp"

namespace aerie::replay {
namespace {

namespace fs = std::filesystem;

constexpr std::array parts{"vmlinux", "initrd.img", "root.squashfs", "overlay.ext4"};

std::string text_of(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

void run(const std::vector<std::string>& command) {
  Probe probe;
  probe.argv = command;
  probe.within = Duration{120'000};
  const auto result = run_probe(probe);
  if (!result.worked)
    throw std::runtime_error(command.front() + ": " +
                             (result.errors.empty() ? result.message : result.errors.back()));
}

/// One file of a cpio archive in the format that the kernel reads (initramfs buffer format).
std::string cpio_entry(const std::string& name, const std::string& content, unsigned mode) {
  const auto padded = [](std::string bytes) {
    bytes.resize((bytes.size() + 3) / 4 * 4, '\0');
    return bytes;
  };
  std::array<char, 111> header{};
  std::snprintf(header.data(), header.size(),
                "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 0U, mode, 0U, 0U,
                1U, 0U, content.size(), 0U, 0U, 0U, 0U, name.size() + 1, 0U);
  return padded(header.data() + name + '\0') + padded(content);
}

/// What the initrd's own list of modules says.
std::string modules_of(const std::string& initrd) {
  const std::string name{"modules\0", 8};
  for (auto at = initrd.find("070701"); at != std::string::npos;
       at = initrd.find("070701", at + 6)) {
    if (initrd.compare(at + 110, name.size(), name) != 0) continue;
    const auto size = std::stoul(initrd.substr(at + 54, 8), nullptr, 16);
    const auto begin = (at + 110 + name.size() + 3) / 4 * 4;
    return initrd.substr(begin, size);
  }
  throw std::runtime_error("the initrd has no list of modules");
}

}  // namespace

AlteredImage::AlteredImage(Scene& scene)
    : folder_(scene.folder() / "images/image"), work_(scene.folder() / "work") {
  const auto image = find_guest_image({default_image_directory(), "", "", ""}, "terminal");
  if (!image) throw LeftOut(image.error().message);
  fs::create_directories(folder_);
  fs::create_directories(scene.folder() / "images/current");
  fs::create_directory_symlink(folder_, scene.folder() / "images/current/replay");
  for (const auto* name : parts) {
    std::error_code across_file_systems;
    fs::create_hard_link(image->folder + "/" + name, folder_ / name, across_file_systems);
    if (across_file_systems) fs::copy_file(image->folder + "/" + name, folder_ / name);
  }
  write_manifest();
  scene.options.set.emplace_back("images.path", (scene.folder() / "images").string());
  scene.options.set.emplace_back("guests.memoryMiB", "256");
  scene.wish["driver"] = "qemu";
}

void AlteredImage::write_manifest() const {
  Json files;
  for (const auto* name : parts)
    files[name] = {{"bytes", fs::file_size(folder_ / name)}};
  std::ofstream{folder_ / "manifest.json"}
      << Json{{"profile", "replay"}, {"memoryMiB", 256}, {"files", files}};
}

/// Its bytes may be those of the image that others use: a changed part is a new file.
void AlteredImage::own(const std::string& name) const {
  const auto bytes = text_of(folder_ / name);
  fs::remove(folder_ / name);
  std::ofstream{folder_ / name, std::ios::binary} << bytes;
}

void AlteredImage::overlay_initrd(const std::map<std::string, std::string>& files) {
  own("initrd.img");
  std::ofstream initrd{folder_ / "initrd.img", std::ios::binary | std::ios::app};
  for (const auto& [name, content] : files)
    initrd << cpio_entry(name, content, 0100755);
  initrd << cpio_entry("TRAILER!!!", "", 0);
  initrd.close();
  write_manifest();
}

std::string AlteredImage::modules_without(const std::string& name) const {
  std::istringstream all{modules_of(text_of(folder_ / "initrd.img"))};
  std::string kept;
  for (std::string path; std::getline(all, path);)
    if (path.find("/" + name + ".ko") == std::string::npos) kept += path + "\n";
  return kept;
}

void AlteredImage::rebuild_root(const std::function<void(const fs::path& root)>& change) {
  fs::create_directories(work_);
  const auto root = work_ / "root";
  run({"unsquashfs", "-no-progress", "-d", root.string(), (folder_ / "root.squashfs").string()});
  change(root);
  fs::remove(folder_ / "root.squashfs");
  run({"mksquashfs", root.string(), (folder_ / "root.squashfs").string(), "-quiet", "-no-progress",
       "-comp", "lz4", "-no-xattrs"});
  fs::remove_all(work_);
  write_manifest();
}

}  // namespace aerie::replay
