#include "runtime/drivers/vm/console_findings.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace aerie {
namespace {

constexpr std::size_t longest_line = 4096;
constexpr std::size_t most_lines = 50;
constexpr std::string_view init_word = "aerie-init: ";
constexpr std::string_view init_fault = "aerie-init: fault ";
constexpr std::string_view panic = "Kernel panic - not syncing: ";
constexpr std::string_view oom_kill = "Out of memory: Killed process ";
constexpr const char* make_image = "Make the image again (./run image).";
constexpr const char* more_memory =
    "Give the profile more memory (resources.memoryMiB), at least what the image's manifest says.";

/// What can stand in a kernel's line, what it means, and what to do. The first that fits counts.
struct Sign {
  std::string_view words;
  CauseKind kind;
  const char* remedy;
};

constexpr std::array signs{
    Sign{"System is deadlocked on memory", CauseKind::memory_too_small, more_memory},
    Sign{"Out of memory and no killable processes", CauseKind::memory_too_small, more_memory},
    Sign{"Unable to mount root fs", CauseKind::root_missing,
         "Give the machine the disk that the kernel's command line names, and its driver."},
    Sign{"Cannot open root device", CauseKind::root_missing,
         "Give the machine the disk that the kernel's command line names, and its driver."},
    Sign{"No working init found", CauseKind::image_corrupt, make_image},
};

constexpr std::array suspicions{
    Sign{"Initramfs unpacking failed: write error", CauseKind::memory_too_small, more_memory},
    Sign{"Initramfs unpacking failed", CauseKind::image_corrupt, make_image},
    Sign{"SQUASHFS error", CauseKind::image_corrupt, make_image},
    Sign{"EXT4-fs error", CauseKind::image_corrupt, make_image},
    Sign{"No space left on device", CauseKind::disk_full,
         "Free space for the guest's overlay, or make it larger."},
};

/// Without the kernel's clock in front, and without what could move a terminal's cursor.
std::string readable(std::string line) {
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  if (line.starts_with('[')) {
    const auto end = line.find("] ");
    if (end != std::string::npos && end < 20) line.erase(0, end + 2);
  }
  while (line.ends_with(' '))
    line.pop_back();
  return line;
}

bool contains(const std::string& line, std::string_view words) {
  return line.find(words) != std::string::npos;
}

/// `aerie-init: fault KIND: MESSAGE`; only kinds that a first process can know of.
std::optional<Cause> fault_of_init(const std::string& line) {
  constexpr std::array known{CauseKind::driver_missing,
                             CauseKind::root_missing,
                             CauseKind::image_corrupt,
                             CauseKind::network_failed,
                             CauseKind::quota,
                             CauseKind::address_in_use,
                             CauseKind::exec_not_found,
                             CauseKind::loader_missing,
                             CauseKind::library_missing,
                             CauseKind::symbol_missing,
                             CauseKind::exec_wrong_format,
                             CauseKind::disk_full,
                             CauseKind::memory_too_small};
  const auto begin = line.find(init_fault);
  if (begin == std::string::npos) return std::nullopt;
  const auto rest = line.substr(begin + init_fault.size());
  const auto colon = rest.find(": ");
  const auto kind = cause_kind(rest.substr(0, colon));
  if (colon == std::string::npos || !kind ||
      std::find(known.begin(), known.end(), *kind) == known.end())
    return std::nullopt;
  return Cause{*kind, rest.substr(colon + 2), make_image, {}};
}

std::optional<Cause> fault_of_kernel(const std::string& line) {
  if (contains(line, "Attempted to kill init")) return std::nullopt;  // what killed it stands above
  for (const auto& sign : signs)
    if (contains(line, sign.words))
      return Cause{sign.kind, "The guest's kernel says: " + line + ".", sign.remedy, {}};
  const auto begin = line.find(panic);
  if (begin == std::string::npos) return std::nullopt;
  return Cause{CauseKind::kernel_panic,
               "The guest's kernel panicked: " + line.substr(begin + panic.size()) + ".",
               "Read the lines above it on the VM's console.",
               {}};
}

}  // namespace

ConsoleFindings::News ConsoleFindings::feed(std::string_view bytes) {
  News news;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end);
    const auto room = longest_line - std::min(longest_line, partial_.size());
    if (part.size() > room) is_cut_ = true;
    partial_ += part.substr(0, room);
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    read_line(readable(std::exchange(partial_, {})), news);
    is_cut_ = false;
  }
  return news;
}

void ConsoleFindings::read_line(const std::string& line, News& news) {
  if (line.empty()) return;
  lines_.push_back(line);
  if (lines_.size() > most_lines) lines_.pop_front();
  find_stage(line, news);
  find_fault(line, news);
}

void ConsoleFindings::find_stage(const std::string& line, News& news) {
  if (!has_kernel_ && line.starts_with("Linux version ")) {
    has_kernel_ = true;
    news.stages.push_back(Stage::kernel);
  }
  if (!has_userland_ && line.starts_with(init_word)) {
    has_userland_ = true;
    news.stages.push_back(Stage::userland);
  }
}

void ConsoleFindings::find_fault(const std::string& line, News& news) {
  if (const auto begin = line.find(oom_kill); begin != std::string::npos) {
    int pid = 0;
    const auto* first = line.data() + begin + oom_kill.size();
    std::from_chars(first, line.data() + line.size(), pid);
    if (pid > 0) news.oom_killed.push_back(pid);
  }
  if (!suspicion_)
    for (const auto& sign : suspicions)
      if (contains(line, sign.words) && !suspicion_)
        suspicion_ = Cause{sign.kind, "The guest's kernel says: " + line + ".", sign.remedy, {}};
  if (fault_) return;
  fault_ = fault_of_init(line);
  if (!fault_) fault_ = fault_of_kernel(line);
  if (!fault_ && contains(line, "Attempted to kill init"))
    fault_ = suspicion_.value_or(Cause{CauseKind::kernel_panic,
                                       "The guest's first process ended: " + line + ".",
                                       "Read the lines above it on the VM's console.",
                                       {}});
  if (!fault_) return;
  fault_->evidence = tail();
  news.fault = fault_;
}

}  // namespace aerie
