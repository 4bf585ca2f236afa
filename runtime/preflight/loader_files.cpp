#include "runtime/preflight/loader_files.hpp"

#include <algorithm>
#include <cstring>
#include <fnmatch.h>
#include <set>
#include <sstream>

namespace aerie::preflight {
namespace {

constexpr std::string_view magic = "glibc-ld.so.cache1.1";
constexpr std::string_view old_magic = "ld.so-1.7.0";
constexpr std::size_t most_entries = 100'000;
constexpr std::size_t most_files = 256;
constexpr std::size_t most_text = 64 * 1024;
constexpr std::size_t longest_path = 4096;

constexpr std::size_t header_size = 48;
constexpr std::size_t entry_size = 24;
constexpr std::uint64_t extension_bit = std::uint64_t{1} << 62U;  // DL_CACHE_HWCAP_EXTENSION
constexpr std::uint32_t extension_magic = 0xeaa42174;             // cache_extension_magic
constexpr std::uint32_t hardware_names_tag = 1;

/// Numbers and strings at places that the file itself names.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}

  template <class Number>
  [[nodiscard]] Number number(std::uint64_t offset) const {
    Number value{};
    if (offset <= bytes_.size() && bytes_.size() - offset >= sizeof value)
      std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  [[nodiscard]] std::string_view string(std::uint64_t offset) const {
    if (offset >= bytes_.size()) return {};
    const auto rest = bytes_.substr(offset, longest_path);
    const auto end = rest.find('\0');
    return end == std::string_view::npos ? std::string_view{} : rest.substr(0, end);
  }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
};

/// The section of the cache that lists the subdirectories' names.
std::vector<std::string> hardware_names_in(const Bytes& cache) {
  std::vector<std::string> names;
  const std::uint64_t extension = cache.number<std::uint32_t>(32);
  if (extension == 0 || cache.number<std::uint32_t>(extension) != extension_magic) return names;
  const auto sections = std::min<std::uint32_t>(cache.number<std::uint32_t>(extension + 4), 16);
  for (std::uint64_t i = 0; i < sections; ++i) {
    const auto section = extension + 8 + i * 16;
    if (cache.number<std::uint32_t>(section) != hardware_names_tag) continue;
    const std::uint64_t offset = cache.number<std::uint32_t>(section + 8);
    const auto count = std::min<std::uint32_t>(cache.number<std::uint32_t>(section + 12) / 4, 1024);
    for (std::uint64_t each = 0; each < count; ++each)
      names.emplace_back(cache.string(cache.number<std::uint32_t>(offset + each * 4)));
  }
  return names;
}

/// Where the older format comes first, the newer one follows it, aligned to 8 bytes.
std::string_view newer_part(std::string_view bytes) {
  if (bytes.starts_with(magic)) return bytes;
  if (!bytes.starts_with(old_magic)) return {};
  const std::uint64_t count = Bytes{bytes}.number<std::uint32_t>(12);
  const auto begin = (16 + count * 12 + 7) / 8 * 8;
  return begin < bytes.size() && bytes.substr(begin).starts_with(magic) ? bytes.substr(begin)
                                                                        : std::string_view{};
}

bool is_library_directory(std::string_view text) {
  return text.size() > 2 && text.starts_with('/') && text.ends_with('/') &&
         (text.starts_with("/lib") || text.starts_with("/usr/") || text.starts_with("/gnu/") ||
          text.starts_with("/nix/")) &&
         text.find("lib") != std::string_view::npos && text.find('%') == std::string_view::npos;
}

std::vector<std::string> usual_directories(int bits) {
#if defined(__x86_64__)
  const std::string multiarch = bits == 64 ? "x86_64-linux-gnu" : "i386-linux-gnu";
#else
  const std::string multiarch = bits == 64 ? "aarch64-linux-gnu" : "arm-linux-gnueabihf";
#endif
  std::vector<std::string> directories{"/lib/" + multiarch, "/usr/lib/" + multiarch};
  if (bits == 64) directories.insert(directories.end(), {"/lib64", "/usr/lib64"});
  directories.insert(directories.end(), {"/lib", "/usr/lib"});
  return directories;
}

/// Reads ld.so.conf and follows its includes.
class ConfigurationReader {
 public:
  explicit ConfigurationReader(const FileRoot& root) : root_(root) {}

  void read(const std::string& path) {
    if (files_.size() >= most_files || !files_.insert(path).second) return;
    const auto text = root_.read(path, most_text);
    if (!text) return;
    std::istringstream lines{*text};
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words{line.substr(0, line.find('#'))};
      std::string word;
      if (!(words >> word)) continue;
      if (word == "include")
        while (words >> word)
          include(path, word);
      else if (word.starts_with('/'))
        directories_.push_back(
            word.substr(0, std::max<std::size_t>(word.find_last_not_of('/') + 1, 1)));
    }
  }

  [[nodiscard]] std::vector<std::string> take() { return std::move(directories_); }

 private:
  void include(const std::string& from, std::string pattern) {
    if (!pattern.starts_with('/')) pattern = from.substr(0, from.rfind('/') + 1) + pattern;
    const auto slash = pattern.rfind('/');
    const auto directory = pattern.substr(0, slash + 1);
    for (const auto& name : root_.entries(directory, most_files))
      if (::fnmatch(pattern.c_str() + slash + 1, name.c_str(), FNM_PERIOD) == 0)
        read(directory + name);
  }

  const FileRoot& root_;
  std::set<std::string> files_;
  std::vector<std::string> directories_;
};

}  // namespace

LibraryCache parse_library_cache(std::string_view bytes) {
  LibraryCache libraries;
  const Bytes cache{newer_part(bytes)};
  const std::size_t room =
      cache.size() > header_size ? (cache.size() - header_size) / entry_size : 0;
  const auto count = std::min({std::size_t{cache.number<std::uint32_t>(20)}, room, most_entries});
  const auto names = hardware_names_in(cache);
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = header_size + i * entry_size;
    const auto hardware = cache.number<std::uint64_t>(at + 16);
    CachedLibrary library;
    library.flags = cache.number<std::int32_t>(at);
    library.path = cache.string(cache.number<std::uint32_t>(at + 8));
    if ((hardware & extension_bit) != 0) {
      const auto index = hardware & 0xffffffffU;
      if (index >= names.size()) continue;
      library.hardware_name = names[index];
    } else if (hardware != 0) {
      continue;
    }
    const auto name = cache.string(cache.number<std::uint32_t>(at + 4));
    if (!name.empty() && library.path.starts_with('/')) libraries.emplace(name, std::move(library));
  }
  return libraries;
}

std::vector<std::string> default_directories(std::string_view loader, int bits) {
  const std::string_view start{"\0/", 2};
  // The constant is several strings in a row, each with its zero.
  for (auto at = loader.find(start); at != std::string_view::npos;) {
    auto begin = at + 1;
    std::vector<std::string> directories;
    for (auto end = loader.find('\0', begin); end != std::string_view::npos;
         end = loader.find('\0', begin)) {
      const auto text = loader.substr(begin, end - begin);
      if (!is_library_directory(text)) break;
      directories.emplace_back(text.substr(0, text.size() - 1));
      begin = end + 1;
    }
    if (directories.size() >= 2) return directories;
    at = loader.find(start, std::max(at + 1, begin - 1));
  }
  return usual_directories(bits);
}

std::vector<std::string> configured_directories(const FileRoot& root) {
  ConfigurationReader reader{root};
  reader.read("/etc/ld.so.conf");
  return reader.take();
}

const std::vector<std::string>& hardware_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> found;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4")) found.emplace_back("x86-64-v4");
    if (__builtin_cpu_supports("x86-64-v3")) found.emplace_back("x86-64-v3");
    if (__builtin_cpu_supports("x86-64-v2")) found.emplace_back("x86-64-v2");
#endif
    return found;
  }();
  return names;
}

}  // namespace aerie::preflight
