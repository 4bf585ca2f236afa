#include "runtime/images/guest_image.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "runtime/process/temporary_directory.hpp"

using aerie::CauseKind;
using aerie::Json;

namespace {

namespace fs = std::filesystem;

/// A folder of images with one for `terminal`, whose kernel is a program that is surely there.
class Images {
 public:
  Images() {
    fs::create_directories(folder());
    fs::create_directories(settings_.directory + "/current");
    fs::create_directory_symlink("../image", settings_.directory + "/current/terminal");
    fs::copy_file("/usr/bin/true", folder() + "/vmlinux");
    for (const auto* name : {"initrd.img", "root.squashfs", "overlay.ext4"})
      std::ofstream{folder() + "/" + name} << name;
    write_manifest();
  }

  [[nodiscard]] std::string folder() const { return settings_.directory + "/image"; }
  aerie::ImageSettings& settings() { return settings_; }
  [[nodiscard]] CauseKind fault() const {
    const auto image = aerie::find_guest_image(settings_, "terminal");
    return image ? CauseKind::clean : image.error().kind;
  }
  void write_manifest() {
    Json files;
    for (const auto* name : {"vmlinux", "initrd.img", "root.squashfs", "overlay.ext4"})
      files[name] = {{"bytes", fs::file_size(folder() + "/" + name)}};
    std::ofstream{folder() + "/manifest.json"}
        << Json{{"profile", "terminal"}, {"memoryMiB", 200}, {"files", files}};
  }

 private:
  aerie::testing::TemporaryDirectory directory_;
  aerie::ImageSettings settings_{directory_.path(), "", "", ""};
};

}  // namespace

TEST_CASE("an image is found by its profile and named by its contents", "[vm][image]") {
  Images images;
  const auto image = aerie::find_guest_image(images.settings(), "terminal");
  REQUIRE(image);
  CHECK(image->memory_mib == 200);
  CHECK(image->digest.size() == 64);
  CHECK(fs::path{image->root}.filename() == "root.squashfs");
  const auto other = aerie::find_guest_image(images.settings(), "browser");
  REQUIRE_FALSE(other);
  CHECK(other.error().kind == CauseKind::root_missing);
  CHECK(other.error().message.find("'browser'") != std::string::npos);
  images.settings().rootfs = images.folder() + "/initrd.img";
  const auto replaced = aerie::find_guest_image(images.settings(), "terminal");
  REQUIRE(replaced);
  CHECK(replaced->root == images.folder() + "/initrd.img");
  CHECK(replaced->digest != image->digest);
}

TEST_CASE("what is wrong with an image is named", "[vm][image]") {
  Images images;
  SECTION("a file cut short") {
    fs::resize_file(images.folder() + "/root.squashfs", 3);
    CHECK(images.fault() == CauseKind::image_corrupt);
  }
  SECTION("a file that is gone") {
    fs::remove(images.folder() + "/initrd.img");
    CHECK(images.fault() == CauseKind::root_missing);
  }
  SECTION("a kernel cut short") {
    fs::resize_file(images.folder() + "/vmlinux", 4096);
    images.write_manifest();
    CHECK(images.fault() == CauseKind::image_corrupt);
  }
  SECTION("a kernel that is none") {
    std::ofstream{images.folder() + "/vmlinux"} << "#!/bin/sh\n";
    images.write_manifest();
    CHECK(images.fault() == CauseKind::kernel_not_elf);
  }
  SECTION("a kernel of the configuration that is none") {
    images.settings().kernel = images.folder() + "/initrd.img";
    CHECK(images.fault() == CauseKind::kernel_not_elf);
  }
  SECTION("a manifest that is no JSON") {
    std::ofstream{images.folder() + "/manifest.json"} << "{";
    CHECK(images.fault() == CauseKind::image_corrupt);
  }
  SECTION("a root file system of the configuration that is not there") {
    images.settings().rootfs = images.folder() + "/nothing";
    CHECK(images.fault() == CauseKind::root_missing);
  }
}
