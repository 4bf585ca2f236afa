#include "runtime/process/exec_diagnosis.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "runtime/process/exit_verdict.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {
namespace {

using enum CauseKind;

#if defined(__x86_64__)
constexpr Elf64_Half host_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half host_machine = EM_AARCH64;
#else
#error "Name this machine's ELF number here."
#endif

constexpr std::size_t longest_line = 256;  // BINPRM_BUF_SIZE of the kernel

std::string bytes_at(int fd, std::size_t count, std::uint64_t offset) {
  std::string bytes(count, '\0');
  const auto read = ::pread(fd, bytes.data(), count, static_cast<off_t>(offset));
  bytes.resize(read > 0 ? static_cast<std::size_t>(read) : 0);
  return bytes;
}

std::string machine_name(Elf64_Half machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_386:
      return "x86 (32 bits)";
    case EM_AARCH64:
      return "AArch64";
    case EM_ARM:
      return "ARM (32 bits)";
    case EM_RISCV:
      return "RISC-V";
    default:
      return "machine number " + std::to_string(machine);
  }
}

/// What an ELF file says of itself; only 64-bit little-endian files are read further.
struct ElfFacts {
  bool complete = false;  ///< the headers themselves are there
  Elf64_Half machine = EM_NONE;
  std::string loader;
  std::uint64_t end = 0;  ///< the least size the file must have
};

ElfFacts elf_facts(int fd) {
  ElfFacts facts;
  Elf64_Ehdr header{};
  const auto head = bytes_at(fd, sizeof header, 0);
  std::memcpy(&header, head.data(), head.size());
  facts.machine = header.e_machine;
  if (head.size() < sizeof header || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > 128)
    return facts;
  const std::size_t table_bytes = header.e_phnum * sizeof(Elf64_Phdr);
  const auto table = bytes_at(fd, table_bytes, header.e_phoff);
  if (table.size() < table_bytes) return facts;
  facts.complete = true;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr entry{};
    std::memcpy(&entry, table.data() + i * sizeof entry, sizeof entry);
    if (entry.p_type == PT_LOAD) facts.end = std::max(facts.end, entry.p_offset + entry.p_filesz);
    if (entry.p_type == PT_INTERP) {
      facts.loader = bytes_at(fd, std::min<std::size_t>(entry.p_filesz, 4096), entry.p_offset);
      facts.loader = facts.loader.c_str();  // up to its terminating zero
    }
  }
  return facts;
}

/// The program that a `#!` line names; empty without such a line.
std::string script_interpreter(std::string_view head) {
  if (!head.starts_with("#!")) return {};
  head.remove_prefix(2);
  head = head.substr(0, head.find('\n'));
  const auto begin = head.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  head.remove_prefix(begin);
  // A carriage return is part of the name for the kernel, which is the usual mistake.
  return std::string{head.substr(0, head.find_first_of(" \t"))};
}

std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text)
    shown += c == '\r' ? "\\r" : std::string(1, c);
  return shown;
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

Cause not_found(const std::string& path, int error) {
  return {exec_not_found,
          path + " cannot be executed: " + std::strerror(error) + " (" + errno_name(error) + ").",
          "Install the program, or correct the path in the command.",
          {}};
}

/// The file is there, and execve says that something is not.
Cause missing_part(const std::string& path, int error) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return not_found(path, error);
  const auto head = bytes_at(file.get(), longest_line, 0);
  if (const auto interpreter = script_interpreter(head); !interpreter.empty())
    return {interpreter_missing,
            path + " needs the interpreter " + printable(interpreter) + ", which does not exist.",
            interpreter.ends_with('\r')
                ? "Give the script Unix line ends: its first line ends in a carriage return."
                : "Install " + interpreter + ", or correct the script's first line.",
            {}};
  if (head.starts_with(ELFMAG))
    if (const auto loader = elf_facts(file.get()).loader; !loader.empty())
      return {loader_missing,
              path + " needs the loader " + loader + ", which does not exist.",
              "Install the C library that provides " + loader +
                  ", or use a build of the program for this system.",
              {}};
  return not_found(path, error);
}

Cause not_executable(const std::string& path, int error) {
  struct stat status {};
  std::string what = std::string{std::strerror(error)};
  std::string remedy = "Let the session's user read and execute the file and its directories.";
  if (error == ETXTBSY) {
    what = "it is still being written";
    remedy = "Start it when nothing has the file open for writing.";
  } else if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) {
      what = "it is a directory";
      remedy = "Name the program within the directory.";
    } else if (!S_ISREG(status.st_mode)) {
      what = "it is not a regular file";
      remedy = "Correct the path in the command.";
    } else if ((status.st_mode & 0111U) == 0) {
      what = "it has no execute permission";
      remedy = "chmod +x " + path + ".";
    }
  }
  return {exec_not_executable,
          path + " cannot be executed: " + what + " (" + errno_name(error) + ").",
          remedy,
          {}};
}

Cause wrong_format(const std::string& path, int error) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  const auto head = file ? bytes_at(file.get(), longest_line, 0) : std::string{};
  std::string what = "its format is not known to the kernel";
  std::string remedy = "Use a program built for " + machine_name(host_machine) + " Linux.";
  if (file && head.empty()) {
    what = "the file is empty";
    remedy = "Copy or build the file again.";
  } else if (head.starts_with(ELFMAG)) {
    const auto facts = elf_facts(file.get());
    if (facts.machine != host_machine && facts.machine != EM_NONE) {
      what = "it is built for " + machine_name(facts.machine) + ", this machine is " +
             machine_name(host_machine);
    } else {
      what = "its ELF headers are cut short or damaged";
      remedy = "Copy or build the file again.";
    }
  } else if (file && head.find('\0') == std::string::npos) {
    what = "it is text without a #! line";
    remedy = "Begin the script with the line #!/bin/sh, or with its own interpreter.";
  }
  return {exec_wrong_format,
          path + " cannot be executed: " + what + " (" + errno_name(error) + ").",
          remedy,
          {}};
}

}  // namespace

Cause diagnose_exec(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
      return exists(path) ? missing_part(path, error) : not_found(path, error);
    case ENOTDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return not_found(path, error);
    case EACCES:
    case EPERM:
    case EISDIR:
    case ETXTBSY:
      return not_executable(path, error);
    case ENOEXEC:
    case EINVAL:
    case EIO:
    case ELIBBAD:
      return wrong_format(path, error);
    default:
      return {
          quota,
          path + " cannot be executed: " + std::strerror(error) + " (" + errno_name(error) + ").",
          error == E2BIG ? "Shorten the command's arguments and environment."
                         : "Free memory or processes, or raise the guest's limits.",
          {}};
  }
}

Result<std::string> find_program(const std::string& program, std::string_view path) {
  if (program.find('/') != std::string::npos) return program;
  if (path.empty()) path = "/usr/local/bin:/usr/bin:/bin";
  std::optional<std::string> unusable;
  for (auto rest = path; !program.empty();) {
    const auto colon = rest.find(':');
    const auto directory = rest.substr(0, colon);
    auto candidate = (directory.empty() ? "." : std::string{directory}) + "/" + program;
    struct stat status {};
    if (::stat(candidate.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
      if (::access(candidate.c_str(), X_OK) == 0) return candidate;
      if (!unusable) unusable = std::move(candidate);
    }
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (unusable) return tl::unexpected(not_executable(*unusable, EACCES));
  return tl::unexpected(
      Cause{exec_not_found,
            "The program " + program + " is in none of " + std::string{path} + " (ENOENT).",
            "Install " + program + ", or give its whole path in the command.",
            {}});
}

bool is_cut_short(const std::string& path) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (!bytes_at(file.get(), SELFMAG, 0).starts_with(ELFMAG)) return false;
  const auto facts = elf_facts(file.get());
  return facts.complete && static_cast<std::uint64_t>(status.st_size) < facts.end;
}

}  // namespace aerie
