#include "runtime/images/kernel/lzop.hpp"

#include <lzo/lzo1x.h>
#include <optional>

namespace aerie::kernel {
namespace {

constexpr std::size_t magic_bytes = 9;
constexpr std::size_t first_with_levels = 0x0940;
constexpr std::size_t largest_block = 64UL * 1024 * 1024;
// Of the header's flags, lzop's conf.h.
constexpr std::size_t adler32_unpacked = 0x1;
constexpr std::size_t adler32_packed = 0x2;
constexpr std::size_t crc32_unpacked = 0x100;
constexpr std::size_t crc32_packed = 0x200;
constexpr std::size_t has_filter = 0x800;

/// Reads big-endian numbers; past the end it remembers that there was none.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::size_t number(std::size_t count) {
    std::size_t value = 0;
    for (const char byte : take(count))
      value = value << 8U | static_cast<unsigned char>(byte);
    return value;
  }
  std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      is_short_ = true;
      return {};
    }
    const auto taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  [[nodiscard]] bool is_short() const { return is_short_; }

 private:
  std::string_view rest_;
  bool is_short_ = false;
};

/// Reads the header up to the first block and returns its flags.
std::size_t read_header(Reader& reader) {
  reader.take(magic_bytes);
  const auto version = reader.number(2);
  reader.number(2);                                    // of the library
  if (version >= first_with_levels) reader.number(2);  // needed to extract
  reader.number(1);                                    // method
  if (version >= first_with_levels) reader.number(1);  // level
  const auto flags = reader.number(4);
  if ((flags & has_filter) != 0) reader.number(4);
  reader.number(4);                                    // mode
  reader.number(4);                                    // time
  if (version >= first_with_levels) reader.number(4);  // its upper half
  reader.take(reader.number(1));                       // name
  reader.number(4);                                    // checksum
  return flags;
}

void skip_checksums(Reader& reader, std::size_t flags, std::size_t first, std::size_t second) {
  for (const auto flag : {first, second})
    if ((flags & flag) != 0) reader.number(4);
}

}  // namespace

tl::expected<std::string, std::string> unlzop(std::string_view packed, std::size_t size) {
  const auto wrong = [](const char* how) { return tl::unexpected(std::string{how}); };
  if (::lzo_init() != LZO_E_OK) return wrong("can't be unpacked: liblzo2 does not work here");
  Reader reader{packed};
  const auto flags = read_header(reader);
  std::string unpacked(size, '\0');
  std::size_t got = 0;
  for (;;) {
    const auto length = reader.number(4);
    if (reader.is_short()) return wrong("ends too early");
    if (length == 0) break;
    const auto stored = reader.number(4);
    skip_checksums(reader, flags, adler32_unpacked, crc32_unpacked);
    if (stored < length) skip_checksums(reader, flags, adler32_packed, crc32_packed);
    if (length > largest_block || stored > length) return wrong("is corrupt");
    if (length > size - got) return wrong("unpacks to more than it claims");
    const auto block = reader.take(stored);
    if (reader.is_short()) return wrong("ends too early");
    if (stored == length) {
      block.copy(unpacked.data() + got, length);
    } else {
      lzo_uint count = length;
      const int status = ::lzo1x_decompress_safe(
          reinterpret_cast<const unsigned char*>(block.data()), block.size(),
          reinterpret_cast<unsigned char*>(unpacked.data()) + got, &count, nullptr);
      if (status != LZO_E_OK || count != length) return wrong("is corrupt");
    }
    got += length;
  }
  if (got != size) return wrong("unpacks to fewer bytes than it claims");
  return unpacked;
}

}  // namespace aerie::kernel
