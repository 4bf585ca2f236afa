#include "runtime/preflight/examination.hpp"

#include <algorithm>
#include <cerrno>
#include <elf.h>
#include <sstream>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utility>

namespace aerie::preflight {
namespace {

constexpr int most_interpreters = 5;  // exec_binprm of the kernel
constexpr int most_env_programs = 8;
constexpr const char* usual_path = "/usr/local/bin:/usr/bin:/bin";

/// Others have rules of their own, of which nothing is claimed here.
bool is_glibc_loader(const std::string& path) {
  const auto name = path.substr(path.rfind('/') + 1);
  return name.starts_with("ld-linux") || name.starts_with("ld.so") || name.starts_with("ld64.so");
}

std::vector<std::string> words(std::string text) {
  std::replace(text.begin(), text.end(), ':', ' ');
  std::istringstream all{text.substr(0, text.find('\0'))};
  std::vector<std::string> list;
  for (std::string word; all >> word;)
    list.push_back(word);
  return list;
}

bool has_capabilities(const FoundFile& file) {
  const auto link = "/proc/self/fd/" + std::to_string(file.handle.get());
  return ::getxattr(link.c_str(), "security.capability", nullptr, 0) > 0;
}

/// One cause out of all: the first, with the others as evidence.
Cause joined(const std::vector<Cause>& faults) {
  auto cause = faults.front();
  if (faults.size() > 1)
    for (const auto& fault : faults)
      cause.evidence.push_back(fault.message);
  return cause;
}

}  // namespace

std::optional<Cause> Examination::run() {
  if (request_.argv.empty() || request_.argv.front().empty())
    return Cause{
        CauseKind::exec_not_found, "The command is empty.", "Name a program in the command.", {}};
  Role role{Role::Kind::program, request_.argv.front(), {}};
  report_.program = role.path;
  auto path = variable("PATH");
  auto file = find_program(role, path.empty() ? usual_path : path);
  if (!file) return file.error();
  role.path = report_.program = file->path;
  return follow(std::move(role), std::move(*file));
}

// -- files ----------------------------------------------------------------------------------------

Result<FoundFile> Examination::find_program(Role role, const std::string& path) const {
  if (role.path.find('/') == std::string::npos) return find_in_path(role, path);
  auto file = root_.find(role.path);
  if (!file) return tl::unexpected(unreachable(role, file.error()));
  return std::move(*file);
}

Result<FoundFile> Examination::find_in_path(const Role& role, const std::string& path) const {
  std::optional<Cause> unusable;
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find(':', begin), path.size());
    const auto directory = end == begin ? "." : path.substr(begin, end - begin);
    begin = end + 1;
    auto file = root_.find(directory + "/" + role.path);
    if (!file || !file->is_regular()) continue;
    const auto refused = check_executable({role.kind, file->path, role.of}, *file);
    if (!refused) return std::move(*file);
    if (!unusable) unusable = refused;
  }
  return tl::unexpected(unusable ? *unusable : not_in_path(role, path));
}

std::optional<Cause> Examination::check_executable(const Role& role, const FoundFile& file) const {
  if (S_ISDIR(file.status.st_mode))
    return not_executable(role, "it is a directory", "Name the program within the directory.");
  if (!file.is_regular())
    return not_executable(role, "it is not a regular file", "Correct the path in the command.");
  if (FileRoot::is_on_noexec_mount(file))
    return not_executable(role, "it lies on a file system mounted with noexec",
                          "Mount it without noexec, or move the program.");
  if ((file.status.st_mode & 0111U) == 0)
    return not_executable(role, "it has no execute permission", "chmod +x " + role.path + ".");
  if (!root_.permits(file, X_OK, request_.identity))
    return not_executable(role, "its mode and its directories' give the user no right to",
                          "Let the session's user read and execute the file and its directories.");
  return std::nullopt;
}

// -- scripts --------------------------------------------------------------------------------------

std::optional<Cause> Examination::follow(Role role, FoundFile file) {
  for (int interpreters = 0, env_programs = 0;;) {
    if (const auto refused = check_executable(role, file)) return refused;
    const auto opened = root_.open_for_reading(file);
    if (!opened) {
      report_.warnings.push_back(file.path +
                                 " may be executed and not read, so nothing is known "
                                 "of what it needs.");
      return std::nullopt;
    }
    const auto head = read_all(opened->get(), head_size);
    if (head.starts_with(ELFMAG)) {
      auto fault = check_elf(role, file);
      // `env` runs what the script really wants.
      const bool is_env = !report_.scripts.empty() && role.kind == Role::Kind::interpreter &&
                          role.path.ends_with("/env");
      if (fault || !is_env) return fault;
      const auto line = parse_script_line(
          root_.read(report_.scripts.back().path, head_size).value_or(std::string{}));
      const auto command = line ? parse_env_arguments(line->argument) : std::nullopt;
      if (!command) return std::nullopt;
      if (++env_programs > most_env_programs) return endless_scripts(report_.program);
      role = {Role::Kind::env_program, command->program, report_.scripts.back().path};
      report_.scripts.back().interpreter += " " + command->program;
      const auto path = command->path.value_or(variable("PATH"));
      auto next = find_program(role, path.empty() ? "/bin:/usr/bin" : path);
      if (!next) return next.error();
      file = std::move(*next);
      role.path = file.path;
      interpreters = 0;
      continue;
    }
    const auto script = parse_script_line(head);
    if (!script) return unknown_format(role, head);
    if (++interpreters > most_interpreters) return endless_scripts(report_.program);
    report_.scripts.push_back({file.path, script->interpreter});
    role = {Role::Kind::interpreter, script->interpreter, file.path};
    auto next = root_.find(script->interpreter);
    if (!next) return unreachable(role, next.error());
    file = std::move(*next);
  }
}

// -- ELF ------------------------------------------------------------------------------------------

std::optional<Cause> Examination::check_machine(const Role& role, const ElfFile& elf) const {
  const std::string again = "Copy or build the file again.";
  if (elf.bits != 0 && !runs_here(elf))
    return wrong_format(
        role, "it is built for " + machine_name(elf) + ", this machine is " + host_machine_name(),
        "Use a program built for " + host_machine_name() + " Linux.");
  if (!elf.damage.empty()) return wrong_format(role, elf.damage, again);
  if (elf.is_cut_short())
    return wrong_format(role,
                        "it is cut short, to " + std::to_string(elf.size) + " of at least " +
                            std::to_string(elf.least_size) + " bytes",
                        again);
  if (!elf.has_segments || (elf.type != ET_EXEC && elf.type != ET_DYN))
    return wrong_format(role, "it is an ELF file, but not a program",
                        "Name the program that was linked from it.");
  return std::nullopt;
}

std::optional<Cause> Examination::check_elf(const Role& role, const FoundFile& file) {
  const auto elf = knowledge_.elf(root_, file);
  if (!elf) return unreachable(role, elf.error());
  report_.elf = *elf;
  report_.elf_path = file.path;
  if (auto fault = check_machine(role, **elf)) return fault;
  if (!(*elf)->loader) return std::nullopt;
  const Role loader_role{Role::Kind::loader, *(*elf)->loader, file.path};
  const auto loader = root_.find(loader_role.path);
  if (!loader) return unreachable(loader_role, loader.error());
  if (auto refused = check_executable(loader_role, *loader)) return refused;
  const auto loader_elf = knowledge_.elf(root_, *loader);
  if (!loader_elf) return std::nullopt;
  if (auto fault = check_machine(loader_role, **loader_elf)) return fault;
  if (!is_glibc_loader(loader_role.path)) {
    report_.warnings.push_back("The libraries of " + file.path + " were not looked for: " +
                               loader_role.path + " is not glibc's loader.");
    return std::nullopt;
  }
  return check_libraries(file, *elf, *loader, *loader_elf);
}

std::optional<Cause> Examination::check_libraries(const FoundFile& program,
                                                  const std::shared_ptr<const ElfFile>& elf,
                                                  const FoundFile& loader,
                                                  const std::shared_ptr<const ElfFile>& its_elf) {
  SearchSetting setting;
  setting.identity = request_.identity;
  setting.is_privileged = is_privileged(program);
  std::vector<std::string> preloads;
  if (!setting.is_privileged) {
    setting.library_path = variable("LD_LIBRARY_PATH");
    preloads = words(variable("LD_PRELOAD"));
  }
  for (auto& name : words(root_.read("/etc/ld.so.preload", 4096).value_or("")))
    preloads.push_back(std::move(name));
  closure_.emplace(root_, knowledge_, std::move(setting));
  closure_->add_program(program, elf, loader, its_elf, preloads);
  report_.objects = closure_->objects();
  for (const auto& warning : closure_->warnings())
    report_.warnings.push_back(warning);
  if (closure_->faults().empty()) return std::nullopt;
  return joined(closure_->faults());
}

bool Examination::is_privileged(const FoundFile& program) const {
  struct statvfs mount {};
  const bool is_nosuid =
      ::fstatvfs(program.handle.get(), &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0;
  if (request_.has_no_new_privileges || is_nosuid) return false;
  const auto who = request_.identity.value_or(Identity{::geteuid(), ::getegid()});
  const auto& status = program.status;
  const bool changes_user = (status.st_mode & S_ISUID) != 0 && status.st_uid != who.uid;
  const bool changes_group = (status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0 &&
                             status.st_gid != who.gid;
  return changes_user || changes_group || (who.uid != 0 && has_capabilities(program));
}

std::string Examination::variable(const std::string& name) const {
  for (const auto& [each, value] : request_.env)
    if (each == name) return value;
  return {};
}

}  // namespace aerie::preflight
