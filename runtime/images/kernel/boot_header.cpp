#include "runtime/images/kernel/boot_header.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

namespace aerie::kernel {
namespace {

constexpr std::size_t sector = 512;
constexpr std::size_t setup_sectors_at = 0x1f1;
constexpr std::size_t boot_flag_at = 0x1fe;
constexpr std::size_t magic_at = 0x202;
constexpr std::size_t version_at = 0x206;
constexpr std::size_t load_flags_at = 0x211;
constexpr std::size_t payload_offset_at = 0x248;
constexpr std::size_t payload_length_at = 0x24c;
constexpr std::size_t header_end = 0x250;
constexpr unsigned first_with_payload = 0x0208;
constexpr std::size_t size_bytes = 4;
constexpr std::size_t largest_kernel = 512UL * 1024 * 1024;

std::size_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::size_t little_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  std::size_t value = 0;
  for (std::size_t i = count; i > 0; --i)
    value = value << 8U | byte_at(bytes, at + i - 1);
  return value;
}

struct Known {
  std::size_t at;
  std::string_view magic;
  std::string_view what;
  std::string_view remedy;
};

using namespace std::string_view_literals;

constexpr auto unpack_first =
    "Unpack it first; a bzImage is what Debian installs as /boot/vmlinuz."sv;
constexpr auto give_bzimage = "Give an x86 bzImage: Debian's is /boot/vmlinuz-VERSION."sv;
constexpr std::array known_files{
    Known{0, "\177ELF"sv, "an ELF file already", "Use it as it is; there is nothing to extract."},
    Known{0x38, "ARM\x64"sv, "a kernel for arm64", give_bzimage},
    Known{0, "\x27\x05\x19\x56"sv, "a U-Boot image", give_bzimage},
    Known{4, "zimg"sv, "an EFI zboot image, not an x86 kernel", give_bzimage},
    Known{0, "\x1f\x8b"sv, "a gzip file", unpack_first},
    Known{0, "\xfd\x37zXZ"sv, "an xz file", unpack_first},
    Known{0, "\x28\xb5\x2f\xfd"sv, "a zstd file", unpack_first},
    Known{0, "\x02\x21\x4c\x18"sv, "an lz4 file", unpack_first},
    Known{0, "BZh"sv, "a bzip2 file", unpack_first},
    Known{0, "070701"sv, "a cpio archive, as an initrd is", give_bzimage},
    Known{0, "!<arch>\n"sv, "a Debian package or another ar archive",
          "Extract the package (dpkg-deb -x) and give its boot/vmlinuz-VERSION."},
};

Cause not_a_kernel(std::string_view image, const std::string& name) {
  for (const auto& known : known_files)
    if (image.size() >= known.at && image.substr(known.at).starts_with(known.magic))
      return {CauseKind::kernel_not_elf,
              "'" + name + "' is " + std::string{known.what} + ", not a bzImage.",
              std::string{known.remedy},
              {}};
  return {CauseKind::kernel_not_elf,
          image.empty() ? "'" + name + "' is empty."
                        : "'" + name + "' is not a bzImage: it has no x86 boot header.",
          std::string{give_bzimage},
          {}};
}

Cause cut_short(const std::string& name, const std::string& where) {
  return {CauseKind::image_corrupt,
          "'" + name + "' is cut short: " + where + ".",
          "Copy or install the kernel again.",
          {}};
}

bool has_boot_header(std::string_view image) {
  return image.size() >= version_at + 2 && byte_at(image, boot_flag_at) == 0x55 &&
         byte_at(image, boot_flag_at + 1) == 0xaa && image.substr(magic_at).starts_with("HdrS");
}

std::string version_text(std::size_t version) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%zu.%02zu", version >> 8U, version & 0xffU);
  return text.data();
}

}  // namespace

bool is_elf(std::string_view bytes) {
  return bytes.starts_with("\177ELF");
}

Result<Payload> find_payload(std::string_view image, const std::string& name) {
  if (!has_boot_header(image)) return tl::unexpected(not_a_kernel(image, name));
  if (image.size() < header_end)
    return tl::unexpected(cut_short(name, "its boot header is not complete"));
  const auto version = little_endian(image, version_at, 2);
  if (version < first_with_payload || (byte_at(image, load_flags_at) & 1U) == 0)
    return tl::unexpected(
        Cause{CauseKind::kernel_not_elf,
              "'" + name + "' speaks version " + version_text(version) +
                  " of the x86 boot protocol, which does not say where the kernel is.",
              "Give a bzImage of Linux 2.6.26 or later (boot protocol 2.08).",
              {}});
  // 0 stands for 4, for the oldest boot loaders' sake.
  const auto sectors = byte_at(image, setup_sectors_at);
  const auto base = ((sectors == 0 ? 4 : sectors) + 1) * sector;
  Payload payload;
  payload.offset = base + little_endian(image, payload_offset_at, 4);
  payload.length = little_endian(image, payload_length_at, 4);
  const auto end = payload.offset + payload.length;
  if (payload.length <= size_bytes)
    return tl::unexpected(Cause{CauseKind::image_corrupt,
                                "'" + name + "' has an empty payload in its boot header.",
                                "Copy or install the kernel again.",
                                {}});
  if (end > image.size())
    return tl::unexpected(cut_short(name, "its payload ends at byte " + std::to_string(end) +
                                              ", the file at " + std::to_string(image.size())));
  payload.unpacked = little_endian(image, end - size_bytes, size_bytes);
  if (!is_elf(image.substr(payload.offset)) && payload.unpacked > largest_kernel)
    return tl::unexpected(Cause{
        CauseKind::image_corrupt,
        "'" + name + "' claims a kernel of " + std::to_string(payload.unpacked >> 20U) + " MiB.",
        "Copy or install the kernel again.",
        {}});
  return payload;
}

}  // namespace aerie::kernel
