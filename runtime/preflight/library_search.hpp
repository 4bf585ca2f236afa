#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/preflight/file_knowledge.hpp"

namespace aerie::preflight {

/// What decides where libraries are searched, besides the objects themselves.
struct SearchSetting {
  std::string library_path;    ///< LD_LIBRARY_PATH
  bool is_privileged = false;  ///< AT_SECURE (ld.so(8)): $ORIGIN counts in trusted places only
  std::optional<Identity> identity;  ///< who must be able to read them; empty: the caller
};

/// One of the objects on the way from the library's asker up to the program.
struct Asker {
  const ElfFile* elf = nullptr;
  std::string origin;  ///< its directory, for `$ORIGIN`
};

/// A library that was found and may be loaded.
struct FoundLibrary {
  std::string path;
  FileIdentity identity;
  std::shared_ptr<const ElfFile> elf;
};

/// Why a library can't be had.
struct LibraryFault {
  std::string file;  ///< the file that the loader stops at; empty when it found none
  std::string what;  ///< of the file, `is cut short`; without one, `which is in none of …`
  std::string remedy;

  /// What follows the library's name in a sentence.
  [[nodiscard]] std::string after_name() const {
    return file.empty() ? ", " + what : ", but " + file + " " + what;
  }
};

/// Where glibc's loader looks for a library (ld.so(8), elf/dl-load.c): DT_RPATH of the asker and
/// those above it, LD_LIBRARY_PATH, DT_RUNPATH of the asker, `/etc/ld.so.cache`, its own
/// directories; in each directory, the processor's `glibc-hwcaps` subdirectories first. Older
/// loaders' other subdirectories (`tls`, `haswell`) are not searched.
class LibrarySearch {
 public:
  LibrarySearch(const FileRoot& root, FileKnowledge& knowledge, SearchSetting setting);

  /// What the program and its loader decide: class and machine, the default directories.
  void set_program(const ElfFile& program, std::string program_origin, const FoundFile& loader);

  /// Searches `name` for the first of `askers`, the object that needs it; then follow those by
  /// which that one was loaded, up to the program.
  [[nodiscard]] tl::expected<FoundLibrary, LibraryFault> find(const std::string& name,
                                                              const std::vector<Asker>& askers);

 private:
  struct Attempt;
  [[nodiscard]] std::vector<std::string> directories(const std::string& list,
                                                     const std::string& separators,
                                                     const std::string& origin) const;
  [[nodiscard]] std::optional<std::string> expand(const std::string& text,
                                                  const std::string& origin) const;
  void search_directories(const std::vector<std::string>& where, Attempt& attempt);
  void search_cache(bool without_defaults, Attempt& attempt);
  void try_file(const std::string& path, Attempt& attempt);
  [[nodiscard]] bool is_directory(const std::string& path);
  [[nodiscard]] bool is_trusted(const std::string& directory) const;
  [[nodiscard]] LibraryFault not_found(const Attempt& attempt) const;

  const FileRoot& root_;
  FileKnowledge& knowledge_;
  SearchSetting setting_;
  const ElfFile* program_ = nullptr;
  std::string program_origin_;
  std::shared_ptr<const std::vector<std::string>> defaults_;
  std::shared_ptr<const LibraryCache> cache_;
  std::map<std::string, bool, std::less<>> known_directories_;
};

}  // namespace aerie::preflight
