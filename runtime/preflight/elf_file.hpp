#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aerie::preflight {

/// A version of symbols that an object provides or needs (`GLIBC_2.36`).
struct SymbolVersion {
  std::string name;
  std::uint32_t hash = 0;  ///< as written in the file; the loader compares it first
  bool is_weak = false;    ///< of a need: its absence is no fault (VER_FLG_WEAK)

  friend bool operator==(const SymbolVersion&, const SymbolVersion&) = default;
};

/// The versions that an object needs of one library.
struct VersionNeed {
  std::string library;  ///< its name, as among `needed`
  std::vector<SymbolVersion> versions;
};

/// What an ELF file says of itself: as much of it as the kernel and the dynamic loader use before
/// the program's first instruction (elf(5); System V ABI, "Dynamic Linking"; LSB, "Symbol
/// Versioning"). Symbols themselves are not looked at.
struct ElfFile {
  /// Why it can't be used, as the end of a sentence ("its ELF header is cut short"); then nothing
  /// but class and machine is told. Empty when all could be read.
  std::string damage;
  int bits = 0;  ///< 32 or 64; 0 when not even that is known
  bool is_little_endian = true;
  std::uint16_t machine = 0;  ///< EM_X86_64 …
  std::uint16_t type = 0;     ///< ET_EXEC, ET_DYN …
  bool has_dynamic = false;
  bool has_segments = false;                       ///< at least one PT_LOAD
  std::optional<std::string> loader;               ///< PT_INTERP
  std::vector<std::string> needed;                 ///< DT_NEEDED, in order
  std::string soname;                              ///< DT_SONAME
  std::string rpath;                               ///< DT_RPATH; empty where there is a RUNPATH
  std::string runpath;                             ///< DT_RUNPATH
  std::uint64_t flags = 0;                         ///< DT_FLAGS_1
  std::vector<VersionNeed> version_needs;          ///< DT_VERNEED
  std::vector<SymbolVersion> version_definitions;  ///< DT_VERDEF
  bool has_version_definitions = false;
  std::uint64_t least_size = 0;  ///< bytes that its segments take up in the file
  std::uint64_t size = 0;        ///< bytes that the file has

  [[nodiscard]] bool is_cut_short() const { return size < least_size; }
};

/// Reads an ELF file by its segments, as the loader does, so stripped files are fine. Whatever the
/// bytes are, it ends soon: tables above what real files have are `damage`.
[[nodiscard]] ElfFile read_elf(int fd);

/// `x86-64`, `AArch64`, or its number.
[[nodiscard]] std::string machine_name(const ElfFile& file);

/// What this process's machine is called.
[[nodiscard]] std::string host_machine_name();

/// Whether this kernel runs programs of that class and machine by itself. What binfmt_misc's
/// handlers would make of it is not asked.
[[nodiscard]] bool runs_here(const ElfFile& file);

}  // namespace aerie::preflight
