#include "runtime/preflight/library_search.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

namespace aerie::preflight {
namespace {

constexpr std::size_t most_directories = 4096;

/// The cache's mark of what the program's loader takes (glibc, _DL_CACHE_DEFAULT_ID).
std::int32_t cache_flags(const ElfFile& program) {
  constexpr std::int32_t libc6 = 0x0003;
  if (program.machine == EM_X86_64) return program.bits == 64 ? 0x0300 | libc6 : 0x0800 | libc6;
  if (program.machine == EM_AARCH64) return 0x0a00 | libc6;
  if (program.machine == EM_ARM) return 0x0900 | libc6;
  return libc6;
}

/// What `$PLATFORM` may be: newer processors of one maker have a name of their own in older glibc.
const std::vector<std::string>& platforms() {
#if defined(__x86_64__)
  static const std::vector<std::string> names{"haswell", "x86_64"};
#else
  static const std::vector<std::string> names{"aarch64"};
#endif
  return names;
}

/// The end of a token at the beginning of `text`, `$ORIGIN` or `${ORIGIN}`; 0 when it is not there.
std::size_t token_length(std::string_view text, std::string_view name) {
  const auto braced = "${" + std::string{name} + "}";
  if (text.starts_with(braced)) return braced.size();
  const auto plain = "$" + std::string{name};
  if (!text.starts_with(plain)) return 0;
  if (text.size() == plain.size()) return plain.size();
  const char next = text[plain.size()];
  const bool goes_on = next == '_' || (next >= '0' && next <= '9') ||
                       (next >= 'A' && next <= 'Z') || (next >= 'a' && next <= 'z');
  return goes_on ? 0 : plain.size();
}

std::string normal(const std::string& path) {
  return std::filesystem::path{path}.lexically_normal().string();
}

}  // namespace

/// The search for one library, until something was found or must end it.
struct LibrarySearch::Attempt {
  std::string name;
  std::optional<FoundLibrary> found;
  std::optional<LibraryFault> fault;     ///< what the loader stops at
  std::vector<std::string> passed_over;  ///< what it looks at and leaves, with the reason

  [[nodiscard]] bool is_over() const { return found || fault; }
};

LibrarySearch::LibrarySearch(const FileRoot& root, FileKnowledge& knowledge, SearchSetting setting)
    : root_(root),
      knowledge_(knowledge),
      setting_(std::move(setting)),
      cache_(knowledge.library_cache(root)) {}

void LibrarySearch::set_program(const ElfFile& program, std::string program_origin,
                                const FoundFile& loader) {
  program_ = &program;
  program_origin_ = std::move(program_origin);
  defaults_ = knowledge_.directories_of(root_, loader, program.bits);
}

tl::expected<FoundLibrary, LibraryFault> LibrarySearch::find(const std::string& name,
                                                             const std::vector<Asker>& askers) {
  Attempt attempt;
  attempt.name = name;
  const auto& asker = askers.front();
  if (name.find('/') != std::string::npos) {
    if (const auto path = expand(name, asker.origin)) try_file(*path, attempt);
  } else {
    if (asker.elf->runpath.empty()) {
      for (const auto& each : askers)
        search_directories(directories(each.elf->rpath, ":", each.origin), attempt);
      // The program's counts even for what was not loaded by it.
      if (askers.back().elf != program_)
        search_directories(directories(program_->rpath, ":", program_origin_), attempt);
    }
    search_directories(directories(setting_.library_path, ":;", program_origin_), attempt);
    search_directories(directories(asker.elf->runpath, ":", asker.origin), attempt);
    const bool without_defaults = (asker.elf->flags & DF_1_NODEFLIB) != 0;
    search_cache(without_defaults, attempt);
    if (!without_defaults) search_directories(*defaults_, attempt);
  }
  if (attempt.found) return std::move(*attempt.found);
  if (attempt.fault) return tl::unexpected(std::move(*attempt.fault));
  return tl::unexpected(not_found(attempt));
}

// -- directories ----------------------------------------------------------------------------------

std::vector<std::string> LibrarySearch::directories(const std::string& list,
                                                    const std::string& separators,
                                                    const std::string& origin) const {
  std::vector<std::string> result;
  if (list.empty()) return result;
  for (std::size_t begin = 0; begin <= list.size() && result.size() < most_directories;) {
    const auto end = std::min(list.find_first_of(separators, begin), list.size());
    const auto element = list.substr(begin, end - begin);
    begin = end + 1;
    // Both names of the platform are tried where it is asked for.
    const auto at = element.find("$PLATFORM");
    const auto braced = element.find("${PLATFORM}");
    const auto place = std::min(at, braced);
    if (place == std::string::npos) {
      if (const auto path = expand(element, origin)) result.push_back(*path);
      continue;
    }
    const auto length = token_length(std::string_view{element}.substr(place), "PLATFORM");
    for (const auto& platform : platforms())
      if (const auto path = expand(
              std::string{element}.replace(place, length, length == 0 ? "" : platform), origin))
        result.push_back(*path);
  }
  return result;
}

std::optional<std::string> LibrarySearch::expand(const std::string& text,
                                                 const std::string& origin) const {
  if (text.empty()) return ".";
  std::string result;
  bool has_origin = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = std::string_view{text}.substr(at);
    if (const auto origin_length = token_length(rest, "ORIGIN")) {
      if (setting_.is_privileged && at != 0) return std::nullopt;
      result += origin;
      has_origin = true;
      at += origin_length;
    } else if (const auto library_length = token_length(rest, "LIB")) {
      result += defaults_->front().substr(1);
      at += library_length;
    } else {
      result += text[at++];
    }
  }
  if (has_origin && setting_.is_privileged && !is_trusted(result)) return std::nullopt;
  return result;
}

bool LibrarySearch::is_trusted(const std::string& directory) const {
  const auto path = normal(directory) + "/";
  return std::any_of(defaults_->begin(), defaults_->end(),
                     [&](const auto& each) { return path.starts_with(each + "/"); });
}

bool LibrarySearch::is_directory(const std::string& path) {
  const auto known = known_directories_.find(path);
  if (known != known_directories_.end()) return known->second;
  const auto found = root_.find(path);
  return known_directories_[path] = found && S_ISDIR(found->status.st_mode);
}

void LibrarySearch::search_directories(const std::vector<std::string>& where, Attempt& attempt) {
  for (const auto& directory : where) {
    if (attempt.is_over()) return;
    if (!is_directory(directory)) continue;
    const auto prefix = directory.ends_with('/') ? directory : directory + "/";
    if (is_directory(prefix + "glibc-hwcaps"))
      for (const auto& hardware : hardware_names())
        try_file(prefix + "glibc-hwcaps/" + hardware + "/" + attempt.name, attempt);
    try_file(prefix + attempt.name, attempt);
  }
}

void LibrarySearch::search_cache(bool without_defaults, Attempt& attempt) {
  if (attempt.is_over()) return;
  const auto flags = cache_flags(*program_);
  const CachedLibrary* best = nullptr;
  auto best_rank = hardware_names().size() + 1;
  const auto [begin, end] = cache_->equal_range(attempt.name);
  for (auto each = begin; each != end; ++each) {
    const auto& library = each->second;
    if (library.flags != flags && library.flags != 1) continue;
    auto rank = hardware_names().size();
    if (!library.hardware_name.empty()) {
      const auto& names = hardware_names();
      const auto known = std::find(names.begin(), names.end(), library.hardware_name);
      if (known == names.end()) continue;
      rank = static_cast<std::size_t>(known - names.begin());
    }
    if (rank < best_rank) {
      best = &library;
      best_rank = rank;
    }
  }
  if (best == nullptr) return;
  if (without_defaults && is_trusted(best->path)) return;
  try_file(best->path, attempt);
}

// -- files ----------------------------------------------------------------------------------------

void LibrarySearch::try_file(const std::string& path, Attempt& attempt) {
  if (attempt.is_over()) return;
  const auto file = root_.find(path);
  if (!file) {
    if (file.error() != ENOENT && file.error() != ENOTDIR)
      attempt.passed_over.push_back(path + " can't be opened: " + std::strerror(file.error()));
    return;
  }
  const auto stop = [&](const std::string& what, const std::string& remedy) {
    attempt.fault = LibraryFault{path, what, remedy};
  };
  const auto again = "Install " + path + " again.";
  if (S_ISDIR(file->status.st_mode)) return stop("is a directory", again);
  if (setting_.identity && !root_.permits(*file, R_OK, setting_.identity)) {
    attempt.passed_over.push_back(path + " may not be read by that user");
    return;
  }
  const auto elf = knowledge_.elf(root_, *file);
  if (!elf) {
    attempt.passed_over.push_back(path + " can't be read: " + std::strerror(elf.error()));
    return;
  }
  const auto& library = **elf;
  if (library.bits != 0 &&
      (library.bits != program_->bits || library.machine != program_->machine)) {
    attempt.passed_over.push_back(path + " is built for " + machine_name(library));
    return;
  }
  if (!library.damage.empty()) return stop("can't be used: " + library.damage, again);
  if (library.is_cut_short())
    return stop("is cut short: it has " + std::to_string(library.size) + " of " +
                    std::to_string(library.least_size) + " bytes",
                again);
  if (library.type != ET_DYN || (library.flags & DF_1_PIE) != 0 || !library.has_dynamic)
    return stop("is not a shared library", again);
  if (FileRoot::is_on_noexec_mount(*file))
    return stop("lies on a file system mounted with noexec",
                "Mount it without noexec, or move the library.");
  attempt.found = FoundLibrary{file->path, file->identity(), *elf};
}

LibraryFault LibrarySearch::not_found(const Attempt& attempt) const {
  LibraryFault fault;
  const bool is_path = attempt.name.find('/') != std::string::npos;
  fault.what = is_path ? "which does not exist"
                       : "which is in none of the directories where the loader looks";
  fault.remedy = "Install the package that contains " + attempt.name + " in the guest.";
  if (!attempt.passed_over.empty()) {
    fault.what += " (" + attempt.passed_over.front() + ")";
    fault.remedy = "Install the " + attempt.name + " for " + machine_name(*program_) + ".";
    if (attempt.passed_over.front().find("built for") == std::string::npos)
      fault.remedy = "Let the guest's user read it.";
    return fault;
  }
  if (is_path) return fault;
  for (const auto& directory : configured_directories(root_))
    if (root_.find(directory + "/" + attempt.name)) {
      fault.what += " (it is in " + directory + ", which /etc/ld.so.cache does not know of yet)";
      fault.remedy = "Run ldconfig in the guest's root.";
      break;
    }
  return fault;
}

}  // namespace aerie::preflight
