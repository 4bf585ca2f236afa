#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "runtime/preflight/elf_file.hpp"
#include "runtime/preflight/file_root.hpp"
#include "runtime/preflight/loader_files.hpp"

namespace aerie::preflight {

/// What was read of files, kept while they stay unchanged, so that looking at a program again costs
/// little more than finding its files. Bounded: 4,096 files, then it forgets all. From any thread.
class FileKnowledge {
 public:
  /// The errno when the file can't be opened for reading.
  [[nodiscard]] tl::expected<std::shared_ptr<const ElfFile>, int> elf(const FileRoot& root,
                                                                      const FoundFile& file);

  /// The root's `/etc/ld.so.cache`; empty when there is none.
  [[nodiscard]] std::shared_ptr<const LibraryCache> library_cache(const FileRoot& root);

  /// Of a loader, see `default_directories`.
  [[nodiscard]] std::shared_ptr<const std::vector<std::string>> directories_of(
      const FileRoot& root, const FoundFile& loader, int bits);

 private:
  template <class Value>
  using Kept = std::map<FileIdentity, std::shared_ptr<const Value>>;

  template <class Value, class Make>
  tl::expected<std::shared_ptr<const Value>, int> keep(Kept<Value>& kept, const FileRoot& root,
                                                       const FoundFile& file, const Make& make);

  std::mutex mutex_;
  Kept<ElfFile> files_;
  Kept<LibraryCache> caches_;
  Kept<std::vector<std::string>> directories_;
};

}  // namespace aerie::preflight
