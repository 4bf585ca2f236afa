#include "runtime/images/guest_image.hpp"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gelf.h>
#include <iterator>
#include <libelf.h>
#include <memory>

#include "runtime/images/kernel/extract.hpp"
#include "runtime/process/unique_fd.hpp"
#include "runtime/secrets/identity.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

constexpr const char* make_image = "Make the image again (./run image).";

std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

Result<void> check_file(const std::string& folder, const std::string& name, const Json& facts) {
  std::error_code error;
  const auto path = folder + "/" + name;
  const auto size = fs::file_size(path, error);
  if (error)
    return tl::unexpected(
        Cause{CauseKind::root_missing,
              "The image's file '" + path + "' can't be read: " + error.message() + ".",
              make_image,
              {}});
  const auto bytes = facts.find("bytes");
  if (bytes == facts.end() || !bytes->is_number_unsigned() || bytes->get<std::uintmax_t>() != size)
    return tl::unexpected(
        Cause{CauseKind::image_corrupt,
              "The image's file '" + path + "' has " + std::to_string(size) + " bytes, not the " +
                  (bytes == facts.end() ? "?" : bytes->dump()) + " of its manifest.",
              make_image,
              {}});
  return {};
}

Cause corrupt_manifest(const std::string& path, const std::string& why) {
  return {
      CauseKind::image_corrupt, "The image's manifest '" + path + "' " + why + ".", make_image, {}};
}

/// Whether every segment of the kernel is within the file: one cut short would fail in the VMM,
/// which does not say why.
Result<void> check_kernel(const std::string& path) {
  const auto refuse = [&](CauseKind kind, const std::string& why) {
    return tl::unexpected(Cause{kind,
                                "The kernel '" + path + "' " + why + ".",
                                "Correct images.kernel, or make the image again (./run image).",
                                {}});
  };
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return refuse(CauseKind::kernel_not_elf, "can't be opened");
  ::elf_version(EV_CURRENT);
  const std::unique_ptr<Elf, decltype(&::elf_end)> elf{
      ::elf_begin(file.get(), ELF_C_READ_MMAP, nullptr), &::elf_end};
  GElf_Ehdr header{};
  if (!elf || ::elf_kind(elf.get()) != ELF_K_ELF || ::gelf_getehdr(elf.get(), &header) == nullptr ||
      header.e_machine != EM_X86_64)
    return refuse(CauseKind::kernel_not_elf, "is no ELF file for x86-64");
  std::error_code error;
  const auto size = fs::file_size(path, error);
  std::size_t count = 0;
  if (error || ::elf_getphdrnum(elf.get(), &count) != 0 || count == 0)
    return refuse(CauseKind::image_corrupt, "has no program headers");
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr segment{};
    if (::gelf_getphdr(elf.get(), static_cast<int>(i), &segment) == nullptr ||
        segment.p_filesz > size || segment.p_offset > size - segment.p_filesz)
      return refuse(CauseKind::image_corrupt, "is cut short");
  }
  return {};
}

}  // namespace

std::string default_image_directory() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache != '\0') return std::string{cache} + "/aerie/images";
  const char* home = std::getenv("HOME");
  return std::string{home != nullptr && *home != '\0' ? home : "/tmp"} + "/.cache/aerie/images";
}

Result<GuestImage> read_guest_image(const std::string& folder) {
  const auto path = folder + "/manifest.json";
  const auto text = read_file(path);
  if (text.empty())
    return tl::unexpected(Cause{CauseKind::root_missing,
                                "There is no image in '" + folder + "'.",
                                "Make one (./run image), or set images.path.",
                                {}});
  const auto manifest = Json::parse(text, nullptr, false);
  if (!manifest.is_object()) return tl::unexpected(corrupt_manifest(path, "is no JSON object"));
  GuestImage image;
  try {
    manifest.at("profile").get_to(image.profile);
    manifest.at("memoryMiB").get_to(image.memory_mib);
    for (const auto& [name, facts] : manifest.at("files").items())
      if (auto checked = check_file(folder, name, facts); !checked)
        return tl::unexpected(checked.error());
  } catch (const Json::exception& error) {
    return tl::unexpected(
        corrupt_manifest(path, std::string{"can't be understood: "} + error.what()));
  }
  image.folder = folder;
  image.kernel = folder + "/vmlinux";
  image.initrd = folder + "/initrd.img";
  image.root = folder + "/root.squashfs";
  image.overlay = folder + "/overlay.ext4";
  image.digest = sha256_hex(text);
  return image;
}

Result<GuestImage> find_guest_image(const ImageSettings& settings, const std::string& profile) {
  std::error_code error;
  const auto link = settings.directory + "/current/" + profile;
  const auto folder = fs::canonical(link, error);
  if (error)
    return tl::unexpected(Cause{CauseKind::root_missing,
                                "There is no image for the profile '" + profile + "' in '" +
                                    settings.directory + "' that has booted.",
                                "Make one: ./run image " + profile + ".",
                                {}});
  auto image = read_guest_image(folder);
  if (!image) return image;
  const std::array<std::pair<const std::string*, std::string*>, 2> replaced{{
      {&settings.rootfs, &image->root},
      {&settings.initrd, &image->initrd},
  }};
  for (const auto& [given, place] : replaced) {
    if (given->empty()) continue;
    if (!fs::is_regular_file(*given, error))
      return tl::unexpected(
          Cause{CauseKind::root_missing,
                "'" + *given + "' of the configuration's section 'images' is no file.",
                "Correct it, or leave it out for the image's own.",
                {}});
    *place = *given;
  }
  if (!settings.kernel.empty()) {
    auto kernel = kernel::as_elf(settings.kernel, settings.directory + "/vmlinux");
    if (!kernel) return tl::unexpected(kernel.error());
    image->kernel = std::move(*kernel);
  }
  if (auto whole = check_kernel(image->kernel); !whole) return tl::unexpected(whole.error());
  // What was put in its place is another image as far as saved states are concerned.
  image->digest = sha256_hex(image->digest + settings.kernel + settings.rootfs + settings.initrd);
  return image;
}

}  // namespace aerie
