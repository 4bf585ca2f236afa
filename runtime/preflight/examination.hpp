#pragma once

#include <optional>
#include <string>

#include "runtime/preflight/preflight.hpp"
#include "runtime/preflight/preflight_causes.hpp"

namespace aerie::preflight {

/// One look at one program, from its name to its libraries. What is found goes into the report.
class Examination {
 public:
  Examination(const FileRoot& root, FileKnowledge& knowledge, const Request& request,
              Report& report, std::optional<LibraryClosure>& closure)
      : root_(root), knowledge_(knowledge), request_(request), report_(report), closure_(closure) {}

  /// The cause when the program can't start.
  [[nodiscard]] std::optional<Cause> run();

 private:
  [[nodiscard]] Result<FoundFile> find_in_path(const Role& role, const std::string& path) const;
  [[nodiscard]] Result<FoundFile> find_program(Role role, const std::string& path) const;
  [[nodiscard]] std::optional<Cause> check_executable(const Role& role,
                                                      const FoundFile& file) const;
  [[nodiscard]] std::optional<Cause> follow(Role role, FoundFile file);
  [[nodiscard]] std::optional<Cause> check_elf(const Role& role, const FoundFile& file);
  [[nodiscard]] std::optional<Cause> check_machine(const Role& role, const ElfFile& elf) const;
  [[nodiscard]] std::optional<Cause> check_libraries(const FoundFile& program,
                                                     const std::shared_ptr<const ElfFile>& elf,
                                                     const FoundFile& loader,
                                                     const std::shared_ptr<const ElfFile>& its_elf);
  [[nodiscard]] bool is_privileged(const FoundFile& program) const;
  [[nodiscard]] std::string variable(const std::string& name) const;

  const FileRoot& root_;
  FileKnowledge& knowledge_;
  const Request& request_;
  Report& report_;
  std::optional<LibraryClosure>& closure_;
};

}  // namespace aerie::preflight
