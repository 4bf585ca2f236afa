#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/cause.hpp"
#include "runtime/preflight/file_knowledge.hpp"
#include "runtime/preflight/library_search.hpp"

namespace aerie::preflight {

/// A library, or the program itself, as the loader would have it in memory.
struct LoadedObject {
  std::string path;
  std::vector<std::string> names;  ///< by which it was asked for
  FileIdentity identity;
  std::shared_ptr<const ElfFile> elf;
  std::optional<std::size_t> loaded_by;  ///< index of the object that asked first
  bool is_loader = false;
};

/// Everything that a program needs in memory before its first instruction, found as glibc's loader
/// does (elf/dl-load.c, dl-deps.c, dl-version.c): breadth first, by name, by soname and by file,
/// and then the versions of symbols. Symbols without a version are not resolved: they are bound
/// while the program runs.
class LibraryClosure {
 public:
  LibraryClosure(const FileRoot& root, FileKnowledge& knowledge, SearchSetting setting);

  /// The program, its loader, what is preloaded, and all that they need.
  void add_program(const FoundFile& program, std::shared_ptr<const ElfFile> elf,
                   const FoundFile& loader, std::shared_ptr<const ElfFile> loader_elf,
                   const std::vector<std::string>& preloads);

  /// A module that the program opens later (dlopen(3)), and what it needs. What is at fault is
  /// returned, not kept; a module at fault leaves nothing behind.
  [[nodiscard]] std::vector<Cause> add_module(const std::string& path);

  /// The program first, then in the loader's order.
  [[nodiscard]] const std::vector<LoadedObject>& objects() const { return objects_; }
  /// The object of this name, or null.
  [[nodiscard]] const LoadedObject* find(const std::string& name) const;

  /// What keeps the program from starting: the loader's own first complaint first.
  [[nodiscard]] const std::vector<Cause>& faults() const { return faults_; }
  /// What the loader would only warn of.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  void add_needs_of(std::size_t index, std::vector<Cause>& faults);
  void add_all_needs(std::size_t from, std::vector<Cause>& faults);
  void preload(const std::string& name);
  [[nodiscard]] bool is_loaded(const std::string& name);
  /// Adds what was found unless the same file is there already.
  void add(FoundLibrary found, const std::string& name, std::size_t by);
  void check_versions(std::size_t from, std::vector<Cause>& faults);
  void check_need(const LoadedObject& object, const VersionNeed& need, std::vector<Cause>& faults);

  const FileRoot& root_;
  LibrarySearch search_;
  std::vector<LoadedObject> objects_;
  std::optional<LoadedObject> loader_;  ///< in memory from the start, listed once it is needed
  std::vector<Cause> faults_;
  std::vector<std::string> warnings_;
};

}  // namespace aerie::preflight
