#include "runtime/images/kernel/extract.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/images/kernel/boot_header.hpp"
#include "runtime/images/kernel/decompress.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::kernel {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t size_bytes = 4;  // of the unpacked size behind the packed data

Cause corrupt(const std::string& name, std::string_view compression, const std::string& how) {
  return {CauseKind::image_corrupt,
          "The " + std::string{compression} + " payload of '" + name + "' " + how + ".",
          "Copy or install the kernel again.",
          {}};
}

/// Class, byte order and machine of an ELF header (elf(5)).
Result<std::string> checked(std::string kernel, const std::string& name) {
  constexpr std::string_view wanted{"\177ELF\2\1\1", 7};
  constexpr std::size_t machine_at = 18;
  constexpr char x86_64 = 62;
  if (!is_elf(kernel))
    return tl::unexpected(Cause{CauseKind::kernel_not_elf,
                                "What '" + name + "' holds is not an ELF file.",
                                "Give a bzImage as the kernel's own build makes it.",
                                {}});
  if (!kernel.starts_with(wanted) || kernel.size() <= machine_at || kernel[machine_at] != x86_64)
    return tl::unexpected(Cause{CauseKind::kernel_not_elf,
                                "The kernel in '" + name + "' is not for x86-64.",
                                "Give a kernel of the amd64 architecture.",
                                {}});
  return kernel;
}

Result<std::string> read_kernel(const std::string& path) {
  std::error_code error;
  const bool is_directory = fs::is_directory(path, error);
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  const auto reason = is_directory ? EISDIR : errno;
  if (file.is_open() && !is_directory)
    return std::string{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  return tl::unexpected(
      Cause{CauseKind::kernel_not_elf,
            "The kernel '" + path + "' can't be read: " + std::strerror(reason) + ".",
            "Give the path of a kernel that this user may read.",
            {}});
}

Cause not_written(const std::string& path, int error) {
  const bool is_full = error == ENOSPC || error == EDQUOT;
  return {is_full ? CauseKind::disk_full : CauseKind::store_failed,
          "'" + path + "' could not be written: " + std::strerror(error) + ".",
          is_full ? "Free space there." : "Give a path that this user may write to.",
          {}};
}

/// Two may write the same at once: each into a file of its own, and the last rename stands.
Result<void> write_whole(const std::string& path, const std::string& bytes) {
  auto fresh = path + ".XXXXXX";
  UniqueFd file{::mkostemp(fresh.data(), O_CLOEXEC)};
  if (!file) return tl::unexpected(not_written(path, errno));
  std::size_t written = 0;
  while (written < bytes.size()) {
    const auto count = ::write(file.get(), bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  const bool is_done = written == bytes.size() && ::fchmod(file.get(), 0644) == 0 &&
                       ::fsync(file.get()) == 0 && ::rename(fresh.c_str(), path.c_str()) == 0;
  if (is_done) return {};
  const int error = errno;
  ::unlink(fresh.c_str());
  return tl::unexpected(not_written(path, error));
}

std::string digest_of(const std::string& bytes) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  ::crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                       bytes.size());
  std::string text(digest.size() * 2 + 1, '\0');
  ::sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
  text.pop_back();
  return text;
}

}  // namespace

Result<std::string> extract(std::string_view image, const std::string& name) {
  const auto payload = find_payload(image, name);
  if (!payload) return tl::unexpected(payload.error());
  const auto packed = image.substr(payload->offset, payload->length);
  const auto compression = compression_of(packed);
  if (!compression)
    return tl::unexpected(
        Cause{CauseKind::kernel_not_elf,
              "The payload of '" + name + "' is packed in a way that is not known.",
              "Give a kernel packed with gzip, xz, lzma, zstd, lz4, lzo or bzip2, or not at all.",
              {}});
  if (*compression == Compression::none) return checked(std::string{packed}, name);
  // A gzip file ends with these four bytes by itself; behind the others they were put.
  const auto behind = *compression == Compression::gzip ? 0 : size_bytes;
  auto kernel =
      decompress(*compression, packed.substr(0, packed.size() - behind), payload->unpacked);
  if (!kernel) return tl::unexpected(corrupt(name, to_string(*compression), kernel.error()));
  return checked(std::move(*kernel), name);
}

Result<void> extract_file(const std::string& source, const std::string& target) {
  const auto image = read_kernel(source);
  if (!image) return tl::unexpected(image.error());
  const auto kernel = extract(*image, source);
  if (!kernel) return tl::unexpected(kernel.error());
  return write_whole(target, *kernel);
}

Result<std::string> as_elf(const std::string& source, const std::string& cache) {
  const auto image = read_kernel(source);
  if (!image) return tl::unexpected(image.error());
  if (is_elf(*image)) return source;
  const auto path = cache + "/vmlinux-" + digest_of(*image);
  if (std::error_code error; fs::exists(path, error)) return path;
  const auto kernel = extract(*image, source);
  if (!kernel) return tl::unexpected(kernel.error());
  std::error_code error;
  fs::create_directories(cache, error);
  if (error) return tl::unexpected(not_written(cache, error.value()));
  if (auto written = write_whole(path, *kernel); !written) return tl::unexpected(written.error());
  return path;
}

}  // namespace aerie::kernel
