#include "runtime/preflight/elf_file.hpp"

#include <algorithm>
#include <climits>
#include <gelf.h>
#include <map>
#include <memory>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace aerie::preflight {
namespace {

constexpr std::size_t most_segments = 65536 / sizeof(Elf64_Phdr);  // load_elf_phdrs of the kernel
constexpr std::size_t most_table_bytes = std::size_t{256} * 1024;
constexpr std::size_t most_versions = 8192;
constexpr std::size_t page = 4096;

struct CloseElf {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, CloseElf>;

/// Reads one file; the first thing that is wrong ends it.
class Reader {
 public:
  Reader(Elf* elf, ElfFile& file) : elf_(elf), file_(file) {}

  void read() {
    if (!read_header() || !read_segments() || !read_loader()) return;
    if (!has_dynamic_segment_) return;
    if (!read_dynamic() || !read_names() || !read_needs()) return;
    read_definitions();
  }

 private:
  bool fail(std::string damage) {
    file_.damage = std::move(damage);
    return false;
  }

  bool read_header() {
    if (gelf_getehdr(elf_, &header_) == nullptr) return fail("its ELF header is damaged");
    file_.bits = header_.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    file_.is_little_endian = header_.e_ident[EI_DATA] == ELFDATA2LSB;
    file_.machine = header_.e_machine;
    file_.type = header_.e_type;
    const auto entry_size = file_.bits == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    if (header_.e_phentsize != entry_size) return fail("its ELF header is damaged");
    if (header_.e_phnum == 0 || header_.e_phnum > most_segments)
      return fail("it has no usable program headers");
    return true;
  }

  bool read_segments() {
    const auto entry_size = file_.bits == 64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    const auto table_size = header_.e_phnum * entry_size;
    if (header_.e_phoff > file_.size || file_.size - header_.e_phoff < table_size)
      return fail("its program headers are cut short");
    // By hand, as libelf's own table of them trusts section headers, which need not be right.
    auto* data = elf_getdata_rawchunk(elf_, static_cast<std::int64_t>(header_.e_phoff), table_size,
                                      ELF_T_PHDR);
    if (data == nullptr) return fail("its program headers are cut short");
    for (int i = 0; i < header_.e_phnum; ++i) {
      GElf_Phdr segment{};
      if (!segment_at(*data, i, segment)) return fail("its program headers are damaged");
      segments_.push_back(segment);
      if (segment.p_type != PT_LOAD) continue;
      file_.has_segments = true;
      if (segment.p_filesz > LLONG_MAX || segment.p_offset > LLONG_MAX)
        return fail("its program headers are damaged");
      file_.least_size = std::max(file_.least_size, segment.p_offset + segment.p_filesz);
    }
    return true;
  }

  [[nodiscard]] bool segment_at(const Elf_Data& data, int index, GElf_Phdr& segment) const {
    const auto position = static_cast<std::size_t>(index);
    if (file_.bits == 64) {
      segment = static_cast<const Elf64_Phdr*>(data.d_buf)[position];
      return true;
    }
    const auto& narrow = static_cast<const Elf32_Phdr*>(data.d_buf)[position];
    segment = {narrow.p_type,  narrow.p_flags,  narrow.p_offset, narrow.p_vaddr,
               narrow.p_paddr, narrow.p_filesz, narrow.p_memsz,  narrow.p_align};
    return true;
  }

  bool read_loader() {
    for (const auto& segment : segments_) {
      if (segment.p_type == PT_DYNAMIC) has_dynamic_segment_ = true;
      if (segment.p_type != PT_INTERP || file_.loader) continue;
      // The kernel's own conditions (load_elf_binary).
      if (segment.p_filesz < 2 || segment.p_filesz > PATH_MAX)
        return fail("the name of its loader is damaged");
      const auto name = bytes(segment.p_offset, segment.p_filesz);
      if (name.size() < segment.p_filesz) return fail("the name of its loader is cut short");
      if (name.back() != '\0') return fail("the name of its loader is damaged");
      file_.loader = name.c_str();
    }
    return true;
  }

  bool read_dynamic() {
    const auto segment = std::find_if(segments_.begin(), segments_.end(),
                                      [](const auto& each) { return each.p_type == PT_DYNAMIC; });
    file_.has_dynamic = true;
    auto offset = segment->p_offset;
    if (const auto mapped = offset_of(segment->p_vaddr)) offset = *mapped;
    auto* data =
        chunk(offset, std::min<std::uint64_t>(segment->p_filesz, most_table_bytes), ELF_T_DYN);
    if (data == nullptr) return fail("its dynamic section is cut short");
    const auto entry_size = file_.bits == 64 ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
    const auto count = static_cast<int>(data->d_size / entry_size);
    for (int i = 0; i < count; ++i) {
      GElf_Dyn entry{};
      if (gelf_getdyn(data, i, &entry) == nullptr) return fail("its dynamic section is damaged");
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_NEEDED)
        needed_.push_back(entry.d_un.d_val);
      else
        values_[entry.d_tag] = entry.d_un.d_val;
    }
    return true;
  }

  bool read_names() {
    if (const auto strings = value(DT_STRTAB)) {
      const auto offset = offset_of(*strings);
      if (!offset) return fail("its string table lies outside of its segments");
      strings_ = *offset;
    } else if (!needed_.empty()) {
      return fail("it has no string table");
    }
    for (const auto index : needed_) {
      auto name = string(index);
      if (!name || name->empty()) return fail("the name of a library it needs is damaged");
      file_.needed.push_back(std::move(*name));
    }
    file_.flags = value(DT_FLAGS_1).value_or(0);
    return take_string(DT_SONAME, file_.soname) && take_string(DT_RUNPATH, file_.runpath) &&
           (value(DT_RUNPATH) || take_string(DT_RPATH, file_.rpath));
  }

  bool take_string(GElf_Sxword tag, std::string& into) {
    const auto index = value(tag);
    if (!index) return true;
    auto text = string(*index);
    if (!text) return fail("its dynamic section names something outside of its string table");
    into = std::move(*text);
    return true;
  }

  /// The version tables are chains of offsets; how many there may be ends loops.
  bool read_needs() {
    const auto table = value(DT_VERNEED);
    if (!table) return true;
    auto* data = table_at(*table, ELF_T_VNEED);
    if (data == nullptr) return fail("its table of needed versions is cut short");
    const auto count = std::min<std::uint64_t>(value(DT_VERNEEDNUM).value_or(0), most_versions);
    std::uint64_t at = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      GElf_Verneed need{};
      if (at > INT_MAX || gelf_getverneed(data, static_cast<int>(at), &need) == nullptr)
        return fail("its table of needed versions is damaged");
      auto library = string(need.vn_file);
      if (!library) return fail("its table of needed versions is damaged");
      file_.version_needs.push_back({std::move(*library), {}});
      if (!read_needed_versions(data, at + need.vn_aux, need.vn_cnt)) return false;
      if (need.vn_next == 0) break;
      at += need.vn_next;
    }
    return true;
  }

  bool read_needed_versions(Elf_Data* data, std::uint64_t at, int count) {
    for (int i = 0; i < count; ++i) {
      GElf_Vernaux version{};
      if (at > INT_MAX || ++versions_ > most_versions ||
          gelf_getvernaux(data, static_cast<int>(at), &version) == nullptr)
        return fail("its table of needed versions is damaged");
      auto name = string(version.vna_name);
      if (!name) return fail("its table of needed versions is damaged");
      file_.version_needs.back().versions.push_back(
          {std::move(*name), version.vna_hash, (version.vna_flags & VER_FLG_WEAK) != 0});
      if (version.vna_next == 0) break;
      at += version.vna_next;
    }
    return true;
  }

  bool read_definitions() {
    const auto table = value(DT_VERDEF);
    if (!table) return true;
    file_.has_version_definitions = true;
    auto* data = table_at(*table, ELF_T_VDEF);
    if (data == nullptr) return fail("its table of versions is cut short");
    const auto count = std::min<std::uint64_t>(value(DT_VERDEFNUM).value_or(0), most_versions);
    std::uint64_t at = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      GElf_Verdef definition{};
      GElf_Verdaux name_entry{};
      if (at > INT_MAX || gelf_getverdef(data, static_cast<int>(at), &definition) == nullptr ||
          at + definition.vd_aux > INT_MAX ||
          gelf_getverdaux(data, static_cast<int>(at + definition.vd_aux), &name_entry) == nullptr)
        return fail("its table of versions is damaged");
      auto name = string(name_entry.vda_name);
      if (!name) return fail("its table of versions is damaged");
      file_.version_definitions.push_back({std::move(*name), definition.vd_hash, false});
      if (definition.vd_next == 0) break;
      at += definition.vd_next;
    }
    return true;
  }

  // -- where things are ---------------------------------------------------------------------------

  [[nodiscard]] std::optional<std::uint64_t> value(GElf_Sxword tag) const {
    const auto found = values_.find(tag);
    return found == values_.end() ? std::nullopt : std::optional{found->second};
  }

  [[nodiscard]] const GElf_Phdr* segment_of(std::uint64_t address) const {
    for (const auto& segment : segments_)
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
          address - segment.p_vaddr < segment.p_filesz)
        return &segment;
    return nullptr;
  }

  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address) const {
    const auto* segment = segment_of(address);
    if (segment == nullptr) return std::nullopt;
    return segment->p_offset + (address - segment->p_vaddr);
  }

  Elf_Data* chunk(std::uint64_t offset, std::uint64_t size, Elf_Type type) {
    if (offset > file_.size) return nullptr;
    size = std::min(size, file_.size - offset);
    return size == 0 ? nullptr
                     : elf_getdata_rawchunk(elf_, static_cast<std::int64_t>(offset), size, type);
  }

  /// A table whose size is told nowhere: at most to the end of its segment.
  Elf_Data* table_at(std::uint64_t address, Elf_Type type) {
    const auto* segment = segment_of(address);
    if (segment == nullptr) return nullptr;
    const auto into = address - segment->p_vaddr;
    const auto size = std::min<std::uint64_t>(segment->p_filesz - into, most_table_bytes / 4);
    return chunk(segment->p_offset + into, size & ~std::uint64_t{3}, type);
  }

  std::string bytes(std::uint64_t offset, std::uint64_t size) {
    const auto* data = chunk(offset, size, ELF_T_BYTE);
    return data == nullptr ? std::string{}
                           : std::string{static_cast<const char*>(data->d_buf), data->d_size};
  }

  /// String tables of large programs have megabytes: only the pages that are asked for are read.
  std::string_view page_at(std::uint64_t number) {
    const auto [found, is_new] = pages_.try_emplace(number);
    if (is_new)
      if (const auto* data = chunk(number * page, page, ELF_T_BYTE))
        found->second = {static_cast<const char*>(data->d_buf), data->d_size};
    return found->second;
  }

  std::optional<std::string> string(std::uint64_t index) {
    if (index > file_.size || strings_ > file_.size) return std::nullopt;
    std::string text;
    for (auto at = strings_ + index; text.size() <= PATH_MAX; at += page - at % page) {
      const auto content = page_at(at / page);
      if (content.size() <= at % page) return std::nullopt;
      const auto rest = content.substr(at % page);
      const auto end = rest.find('\0');
      text += rest.substr(0, end);
      if (end != std::string_view::npos) return text;
    }
    return std::nullopt;
  }

  Elf* elf_;
  ElfFile& file_;
  GElf_Ehdr header_{};
  std::vector<GElf_Phdr> segments_;
  bool has_dynamic_segment_ = false;
  std::vector<std::uint64_t> needed_;
  std::map<GElf_Sxword, std::uint64_t> values_;
  std::uint64_t strings_ = 0;  ///< offset of the string table
  std::map<std::uint64_t, std::string_view> pages_;
  std::size_t versions_ = 0;
};

#if defined(__x86_64__)
constexpr std::uint16_t host_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t host_machine = EM_AARCH64;
#else
#error "Name this machine's ELF number here."
#endif

std::string name_of(std::uint16_t machine) {
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
    case EM_PPC64:
      return "PowerPC (64 bits)";
    case EM_S390:
      return "S/390";
    default:
      return "machine number " + std::to_string(machine);
  }
}

/// The file is there on x86-64 kernels that run 32-bit programs. Without /proc one can't know.
bool runs_32_bits() {
#if defined(__x86_64__)
  return ::access("/proc/sys/abi/vsyscall32", F_OK) == 0 || ::access("/proc/sys", F_OK) != 0;
#else
  return true;
#endif
}

}  // namespace

ElfFile read_elf(int fd) {
  ElfFile file;
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    file.damage = "it can't be read";
    return file;
  }
  file.size = static_cast<std::uint64_t>(status.st_size);
  elf_version(EV_CURRENT);
  const ElfHandle elf{elf_begin(fd, ELF_C_READ, nullptr)};
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF)
    file.damage = "its ELF header is cut short or damaged";
  else
    Reader{elf.get(), file}.read();
  return file;
}

std::string machine_name(const ElfFile& file) {
  if (file.machine == EM_X86_64 && file.bits == 32) return "x86-64 (x32)";
  return name_of(file.machine) + (file.is_little_endian ? "" : " (big-endian)");
}

std::string host_machine_name() {
  return name_of(host_machine);
}

bool runs_here(const ElfFile& file) {
  if (!file.is_little_endian) return false;
  if (file.bits == 64) return file.machine == host_machine;
#if defined(__x86_64__)
  return file.machine == EM_386 && runs_32_bits();
#else
  return file.machine == EM_ARM && runs_32_bits();
#endif
}

}  // namespace aerie::preflight
