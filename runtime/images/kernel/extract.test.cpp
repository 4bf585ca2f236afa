#include "runtime/images/kernel/extract.hpp"

#include <array>
#include <bzlib.h>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <lz4.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <random>
#include <vector>
#include <zlib.h>
#include <zstd.h>

#include "runtime/process/temporary_directory.hpp"

using namespace aerie;

namespace {

std::string number(std::size_t value, std::size_t bytes, bool is_big_endian = false) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) {
    const auto byte = static_cast<char>(value >> 8U * i & 0xffU);
    text.insert(is_big_endian ? text.begin() : text.end(), byte);
  }
  return text;
}

/// What looks like a kernel: an ELF header for x86-64, then bytes that pack well in part.
std::string small_kernel() {
  std::string kernel{"\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\76\0", 20};
  std::mt19937 chance{1};
  for (int i = 0; i < 30'000; ++i)
    kernel += i % 100 < 70 ? 'k' : static_cast<char>(chance());
  return kernel;
}

/// A bzImage as the kernel's build makes it: setup, then the payload and its unpacked size.
std::string bzimage(std::string payload, std::size_t unpacked) {
  constexpr std::size_t sectors = 3;
  constexpr std::size_t offset = 77;
  payload += number(unpacked, 4);
  std::string image((sectors + 1) * 512 + offset, '\0');
  image[0x1f1] = static_cast<char>(sectors);
  image.replace(0x1fe, 2, "\x55\xaa");
  image.replace(0x202, 4, "HdrS");
  image.replace(0x206, 2, number(0x020f, 2));
  image[0x211] = 1;
  image.replace(0x248, 4, number(offset, 4));
  image.replace(0x24c, 4, number(payload.size(), 4));
  return image + payload + std::string(100, 'x');
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

std::string gzip(std::string text) {
  std::string packed(text.size() + 1000, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = bytes_of(text);
  stream.avail_in = static_cast<unsigned>(text.size());
  stream.next_out = bytes_of(packed);
  stream.avail_out = static_cast<unsigned>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// xz as the kernel asks for it (BCJ and a CRC32), or the format before it.
std::string pack_lzma(std::string text, bool is_alone) {
  lzma_options_lzma options{};
  lzma_lzma_preset(&options, 6);
  const std::array<lzma_filter, 3> filters{
      {{LZMA_FILTER_X86, nullptr}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}}};
  lzma_stream stream = LZMA_STREAM_INIT;
  REQUIRE((is_alone ? lzma_alone_encoder(&stream, &options)
                    : lzma_stream_encoder(&stream, filters.data(), LZMA_CHECK_CRC32)) == LZMA_OK);
  std::string packed(text.size() + 1000, '\0');
  stream.next_in = bytes_of(text);
  stream.avail_in = text.size();
  stream.next_out = bytes_of(packed);
  stream.avail_out = packed.size();
  REQUIRE(lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END);
  packed.resize(stream.total_out);
  lzma_end(&stream);
  return packed;
}

std::string zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 19));
  return packed;
}

std::string lz4(const std::string& text) {
  std::string packed{"\x02\x21\x4c\x18"};
  std::string block(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(text.size()))),
                    '\0');
  const int length = LZ4_compress_default(text.data(), block.data(), static_cast<int>(text.size()),
                                          static_cast<int>(block.size()));
  block.resize(static_cast<std::size_t>(length));
  return packed + number(block.size(), 4) + block;
}

std::string lzop(std::string text) {
  REQUIRE(lzo_init() == LZO_E_OK);
  std::string packed{"\x89LZO\0\r\n\x1a\n", 9};
  packed += number(0x1040, 2, true) + number(0x20a0, 2, true) + number(0x0940, 2, true);
  packed += number(3, 1) + number(9, 1) + number(0x1 | 0x2, 4, true) + number(0, 12, true);
  packed += number(0, 1) + number(0, 4, true);
  std::vector<unsigned char> work(LZO1X_1_MEM_COMPRESS);
  constexpr std::size_t block_size = 9000;
  for (std::size_t at = 0; at < text.size(); at += block_size) {
    auto block = text.substr(at, block_size);
    std::string out(block.size() * 2 + 100, '\0');
    lzo_uint length = 0;
    REQUIRE(lzo1x_1_compress(bytes_of(block), block.size(), bytes_of(out), &length, work.data()) ==
            LZO_E_OK);
    out.resize(length);
    const bool is_smaller = length < block.size();
    packed += number(block.size(), 4, true) + number(is_smaller ? length : block.size(), 4, true) +
              number(0, 4, true);
    packed += is_smaller ? number(0, 4, true) + out : block;
  }
  return packed + number(0, 4, true);
}

std::string bzip2(std::string text) {
  std::string packed(text.size() + 1000, '\0');
  auto length = static_cast<unsigned>(packed.size());
  REQUIRE(BZ2_bzBuffToBuffCompress(packed.data(), &length, text.data(),
                                   static_cast<unsigned>(text.size()), 9, 0, 0) == BZ_OK);
  packed.resize(length);
  return packed;
}

std::vector<std::pair<std::string, std::string>> packed_kernels() {
  const auto kernel = small_kernel();
  return {{"gzip", gzip(kernel)},
          {"xz", pack_lzma(kernel, false)},
          {"lzma", pack_lzma(kernel, true)},
          {"zstd", zstd(kernel)},
          {"lz4", lz4(kernel)},
          {"lzo", lzop(kernel)},
          {"bzip2", bzip2(kernel)}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream{path, std::ios::binary} << bytes;
}

std::string read(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

}  // namespace

TEST_CASE("a kernel is found in a bzImage of every compression", "[kernel]") {
  const auto kernel = small_kernel();
  for (const auto& [name, packed] : packed_kernels()) {
    INFO(name);
    const auto extracted = kernel::extract(bzimage(packed, kernel.size()), "vmlinuz");
    if (!extracted) FAIL(extracted.error().message);
    CHECK(*extracted == kernel);
  }
  CHECK(kernel::extract(bzimage(kernel, 7), "vmlinuz"));  // not packed at all
}

TEST_CASE("a gzip file's own size at its end is enough", "[kernel]") {
  const auto kernel = small_kernel();
  auto packed = gzip(kernel);
  packed.resize(packed.size() - 4);  // the image's unpacked size stands in the same place
  CHECK(kernel::extract(bzimage(packed, kernel.size()), "vmlinuz"));
}

TEST_CASE("a kernel cut short anywhere is named as that", "[kernel]") {
  const auto kernel = small_kernel();
  for (const auto& [name, packed] : packed_kernels()) {
    INFO(name);
    const auto image = bzimage(packed, kernel.size());
    const auto whole = image.size() - 100;  // what follows the payload is not needed
    for (std::size_t length = 0; length < whole; length += length < 700 ? 1 : 97) {
      const auto cut = kernel::extract(std::string_view{image}.substr(0, length), "vmlinuz");
      REQUIRE_FALSE(cut);
      CHECK(cut.error().kind ==
            (length < 0x208 ? CauseKind::kernel_not_elf : CauseKind::image_corrupt));
      CHECK_THAT(cut.error().message, Catch::Contains("'vmlinuz'"));
    }
  }
}

TEST_CASE("a payload cut short under a header that fits it is named too", "[kernel]") {
  const auto kernel = small_kernel();
  for (const auto& [name, packed] : packed_kernels()) {
    INFO(name);
    for (std::size_t length = 12; length + 8 < packed.size(); length += 211) {
      const auto cut = kernel::extract(bzimage(packed.substr(0, length), kernel.size()), "vmlinuz");
      REQUIRE_FALSE(cut);
      CHECK(cut.error().kind == CauseKind::image_corrupt);
      CHECK_THAT(cut.error().message, Catch::StartsWith("The " + name + " payload"));
    }
  }
}

TEST_CASE("a wrong unpacked size is found out", "[kernel]") {
  const auto kernel = small_kernel();
  for (const auto& [name, packed] : packed_kernels())
    for (const auto size : {kernel.size() - 1, kernel.size() + 1, std::size_t{0xffff'ffff}}) {
      INFO(name << " " << size);
      const auto extracted = kernel::extract(bzimage(packed, size), "vmlinuz");
      REQUIRE_FALSE(extracted);
      CHECK(extracted.error().kind == CauseKind::image_corrupt);
    }
}

TEST_CASE("random damage is survived", "[kernel]") {
  const auto kernel = small_kernel();
  std::mt19937 chance{7};
  for (const auto& [name, packed] : packed_kernels()) {
    const auto image = bzimage(packed, kernel.size());
    for (int i = 0; i < 150; ++i) {
      auto damaged = image;
      for (int hits = 0; hits < 3; ++hits)
        damaged[chance() % damaged.size()] = static_cast<char>(chance());
      const auto extracted = kernel::extract(damaged, "vmlinuz");
      if (!extracted) CHECK_FALSE(extracted.error().remedy.empty());
    }
  }
}

TEST_CASE("what is no bzImage is called what it is", "[kernel]") {
  const std::vector<std::pair<std::string, std::string>> files{
      {"", "is empty"},
      {small_kernel(), "is an ELF file already"},
      {gzip(small_kernel()), "is a gzip file"},
      {"070701cpio", "is a cpio archive"},
      {std::string(2000, 'x'), "no x86 boot header"},
      {std::string(0x38, '\0') + "ARM\x64", "is a kernel for arm64"},
  };
  for (const auto& [bytes, words] : files) {
    const auto extracted = kernel::extract(bytes, "given");
    REQUIRE_FALSE(extracted);
    CHECK(extracted.error().kind == CauseKind::kernel_not_elf);
    CHECK_THAT(extracted.error().message, Catch::Contains(words));
    CHECK_FALSE(extracted.error().remedy.empty());
  }
  auto old = bzimage(gzip(small_kernel()), small_kernel().size());
  old[0x206] = 2;
  CHECK_THAT(kernel::extract(old, "given").error().message, Catch::Contains("version 2.02"));
  CHECK_THAT(kernel::extract(bzimage("nothing known", 9), "given").error().message,
             Catch::Contains("not known"));
  CHECK_THAT(kernel::extract(bzimage(gzip("no kernel"), 9), "given").error().message,
             Catch::Contains("not an ELF file"));
}

TEST_CASE("a bzImage becomes an ELF file once for all with its content", "[kernel]") {
  const testing::TemporaryDirectory directory;
  const auto cache = directory.path() + "/cache/kernels";
  const auto image = bzimage(zstd(small_kernel()), small_kernel().size());
  write(directory.path() + "/vmlinuz", image);
  write(directory.path() + "/copy", image);
  write(directory.path() + "/vmlinux", small_kernel());
  const auto first = kernel::as_elf(directory.path() + "/vmlinuz", cache);
  if (!first) FAIL(first.error().message);
  CHECK(read(*first) == small_kernel());
  CHECK(kernel::as_elf(directory.path() + "/copy", cache) == *first);
  CHECK(kernel::as_elf(directory.path() + "/vmlinux", cache) == directory.path() + "/vmlinux");
  CHECK(std::distance(std::filesystem::directory_iterator{cache}, {}) == 1);

  const auto missing = kernel::as_elf(directory.path() + "/nothing", cache);
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().message, Catch::Contains("No such file"));
  CHECK_FALSE(kernel::extract_file(directory.path(), directory.path() + "/out"));
  CHECK_FALSE(kernel::extract_file(directory.path() + "/vmlinuz", "/nowhere/out"));
  CHECK_FALSE(std::filesystem::exists(directory.path() + "/out"));
}
