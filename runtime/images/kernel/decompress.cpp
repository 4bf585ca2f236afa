#include "runtime/images/kernel/decompress.hpp"

#include <algorithm>
#include <array>
#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <memory>
#include <zlib.h>
#include <zstd.h>

#include "runtime/images/kernel/lzop.hpp"

namespace aerie::kernel {
namespace {

using namespace std::string_view_literals;
using Unpacked = tl::expected<std::string, std::string>;

constexpr std::array magics{
    std::pair{"\177ELF"sv, Compression::none},
    std::pair{"\x1f\x8b\x08"sv, Compression::gzip},
    std::pair{"\xfd\x37zXZ\0"sv, Compression::xz},
    std::pair{"\x5d\0\0"sv, Compression::lzma},
    std::pair{"\x28\xb5\x2f\xfd"sv, Compression::zstd},
    std::pair{"\x02\x21\x4c\x18"sv, Compression::lz4},
    std::pair{"\x89LZO\0\r\n\x1a\n"sv, Compression::lzo},
    std::pair{"BZh"sv, Compression::bzip2},
};

constexpr std::size_t lz4_block = 8UL * 1024 * 1024;  // of the legacy frame
constexpr std::uint64_t xz_memory = 512ULL * 1024 * 1024;
constexpr int longest_zstd_window = 30;

tl::unexpected<std::string> wrong(std::string how) {
  return tl::unexpected(std::move(how));
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

/// One byte more than asked for: that it is left over shows that the data ends where it should.
Unpacked cut_to(std::string unpacked, std::size_t got, std::size_t size, bool is_complete) {
  if (got > size)
    return wrong("unpacks to more than the " + std::to_string(size) + " bytes it claims");
  if (got < size)
    return wrong(is_complete ? "unpacks to " + std::to_string(got) + " bytes, not the " +
                                   std::to_string(size) + " it claims"
                             : "ends too early");
  if (!is_complete) return wrong("ends too early");
  unpacked.resize(size);
  return unpacked;
}

Unpacked gunzip(std::string_view packed, std::size_t size) {
  std::string unpacked(size + 1, '\0');
  z_stream stream{};
  if (::inflateInit2(&stream, 15 + 16) != Z_OK) return wrong("can't be unpacked: no memory");
  const std::unique_ptr<z_stream, decltype(&::inflateEnd)> owner{&stream, &::inflateEnd};
  stream.next_in = const_cast<unsigned char*>(bytes_of(packed));  // zlib does not write there
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = bytes_of(unpacked);
  stream.avail_out = static_cast<uInt>(unpacked.size());
  const int status = ::inflate(&stream, Z_FINISH);
  if (status == Z_DATA_ERROR || status == Z_NEED_DICT)
    return wrong(std::string{"is corrupt: "} + (stream.msg != nullptr ? stream.msg : "bad data"));
  return cut_to(std::move(unpacked), stream.total_out, size, status == Z_STREAM_END);
}

Unpacked unpack_lzma(Compression compression, std::string_view packed, std::size_t size) {
  std::string unpacked(size + 1, '\0');
  lzma_stream stream = LZMA_STREAM_INIT;
  const auto begun = compression == Compression::xz ? ::lzma_stream_decoder(&stream, xz_memory, 0)
                                                    : ::lzma_alone_decoder(&stream, xz_memory);
  const std::unique_ptr<lzma_stream, decltype(&::lzma_end)> owner{&stream, &::lzma_end};
  if (begun != LZMA_OK) return wrong("can't be unpacked: no memory");
  stream.next_in = bytes_of(packed);
  stream.avail_in = packed.size();
  stream.next_out = bytes_of(unpacked);
  stream.avail_out = unpacked.size();
  const auto status = ::lzma_code(&stream, LZMA_FINISH);
  if (status == LZMA_MEMLIMIT_ERROR) return wrong("needs more than 512 MiB to be unpacked");
  if (status != LZMA_OK && status != LZMA_STREAM_END && status != LZMA_BUF_ERROR)
    return wrong("is corrupt");
  return cut_to(std::move(unpacked), stream.total_out, size, status == LZMA_STREAM_END);
}

Unpacked unzstd(std::string_view packed, std::size_t size) {
  std::string unpacked(size + 1, '\0');
  const std::unique_ptr<ZSTD_DCtx, decltype(&::ZSTD_freeDCtx)> context{::ZSTD_createDCtx(),
                                                                       &::ZSTD_freeDCtx};
  ::ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, longest_zstd_window);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  ZSTD_outBuffer out{unpacked.data(), unpacked.size(), 0};
  std::size_t left = 1;
  // It returns 0 at the frame's end, else a hint; without progress there is nothing more to come.
  for (std::size_t before = 1; left != 0;) {
    before = in.pos + out.pos;
    left = ::ZSTD_decompressStream(context.get(), &out, &in);
    if (::ZSTD_isError(left) != 0)
      return wrong(std::string{"is corrupt: "} + ::ZSTD_getErrorName(left));
    if (in.pos + out.pos == before) break;
  }
  return cut_to(std::move(unpacked), out.pos, size, left == 0);
}

/// The legacy frame, which the kernel's own decompressor reads: a magic number, then blocks of at
/// most 8 MiB each with its packed length before it; it has no end mark.
Unpacked unlz4(std::string_view packed, std::size_t size) {
  std::string unpacked(size, '\0');
  std::size_t got = 0;
  auto rest = packed.substr(4);
  while (got < size) {
    if (rest.size() < 4) return wrong("ends too early");
    std::size_t length = 0;
    for (std::size_t i = 4; i > 0; --i)
      length = length << 8U | static_cast<unsigned char>(rest[i - 1]);
    rest.remove_prefix(4);
    if (length == 0x184c2102) continue;  // another frame may follow directly
    if (length > rest.size()) return wrong("ends too early");
    if (length == 0 || length > static_cast<std::size_t>(LZ4_COMPRESSBOUND(lz4_block)))
      return wrong("is corrupt: a block of " + std::to_string(length) + " bytes");
    const auto room = std::min(lz4_block, size - got);
    const int count = ::LZ4_decompress_safe(rest.data(), unpacked.data() + got,
                                            static_cast<int>(length), static_cast<int>(room));
    if (count <= 0) return wrong("is corrupt, or unpacks to more than it claims");
    got += static_cast<std::size_t>(count);
    rest.remove_prefix(length);
  }
  return unpacked;
}

Unpacked bunzip2(std::string_view packed, std::size_t size) {
  std::string unpacked(size + 1, '\0');
  bz_stream stream{};
  if (::BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) return wrong("can't be unpacked: no memory");
  const std::unique_ptr<bz_stream, decltype(&::BZ2_bzDecompressEnd)> owner{&stream,
                                                                           &::BZ2_bzDecompressEnd};
  stream.next_in = const_cast<char*>(packed.data());  // the library does not write there
  stream.avail_in = static_cast<unsigned>(packed.size());
  stream.next_out = unpacked.data();
  stream.avail_out = static_cast<unsigned>(unpacked.size());
  const int status = ::BZ2_bzDecompress(&stream);
  if (status != BZ_OK && status != BZ_STREAM_END) return wrong("is corrupt");
  return cut_to(std::move(unpacked), unpacked.size() - stream.avail_out, size,
                status == BZ_STREAM_END);
}

}  // namespace

std::string_view to_string(Compression compression) {
  constexpr std::array names{"none", "gzip", "xz", "lzma", "zstd", "lz4", "lzo", "bzip2"};
  return names.at(static_cast<std::size_t>(compression));
}

std::optional<Compression> compression_of(std::string_view packed) {
  const auto* found = std::find_if(magics.begin(), magics.end(), [&](const auto& entry) {
    return packed.starts_with(entry.first);
  });
  return found == magics.end() ? std::nullopt : std::optional{found->second};
}

tl::expected<std::string, std::string> decompress(Compression compression, std::string_view packed,
                                                  std::size_t size) {
  switch (compression) {
    case Compression::none:
      return std::string{packed};
    case Compression::gzip:
      return gunzip(packed, size);
    case Compression::xz:
    case Compression::lzma:
      return unpack_lzma(compression, packed, size);
    case Compression::zstd:
      return unzstd(packed, size);
    case Compression::lz4:
      return unlz4(packed, size);
    case Compression::lzo:
      return unlzop(packed, size);
    case Compression::bzip2:
      return bunzip2(packed, size);
  }
  return wrong("has no known compression");
}

}  // namespace aerie::kernel
