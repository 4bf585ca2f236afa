#include "runtime/preflight/file_knowledge.hpp"

#include <utility>

namespace aerie::preflight {
namespace {

constexpr std::size_t most_kept = 4096;
constexpr std::size_t largest_cache = std::size_t{16} * 1024 * 1024;
constexpr std::size_t largest_loader = std::size_t{4} * 1024 * 1024;

}  // namespace

template <class Value, class Make>
tl::expected<std::shared_ptr<const Value>, int> FileKnowledge::keep(Kept<Value>& kept,
                                                                    const FileRoot& root,
                                                                    const FoundFile& file,
                                                                    const Make& make) {
  const auto identity = file.identity();
  {
    const std::lock_guard lock{mutex_};
    if (const auto found = kept.find(identity); found != kept.end()) return found->second;
  }
  const auto opened = root.open_for_reading(file);
  if (!opened) return tl::unexpected(opened.error());
  auto value = std::make_shared<const Value>(make(opened->get()));
  const std::lock_guard lock{mutex_};
  if (kept.size() >= most_kept) kept.clear();
  kept[identity] = value;
  return value;
}

tl::expected<std::shared_ptr<const ElfFile>, int> FileKnowledge::elf(const FileRoot& root,
                                                                     const FoundFile& file) {
  return keep(files_, root, file, read_elf);
}

std::shared_ptr<const LibraryCache> FileKnowledge::library_cache(const FileRoot& root) {
  const auto none = std::make_shared<const LibraryCache>();
  const auto file = root.find("/etc/ld.so.cache");
  if (!file) return none;
  const auto parse = [](int fd) { return parse_library_cache(read_all(fd, largest_cache)); };
  return keep(caches_, root, *file, parse).value_or(none);
}

std::shared_ptr<const std::vector<std::string>> FileKnowledge::directories_of(
    const FileRoot& root, const FoundFile& loader, int bits) {
  const auto find = [bits](int fd) {
    return default_directories(read_all(fd, largest_loader), bits);
  };
  return keep(directories_, root, loader, find)
      .value_or(std::make_shared<const std::vector<std::string>>(default_directories({}, bits)));
}

}  // namespace aerie::preflight
