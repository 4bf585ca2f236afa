#include "guest/stream/files/downloads.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <optional>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest/stream/files/file_names.hpp"

namespace aerie::stream {
namespace {

constexpr std::string_view upload_start = ".aerie-upload-";
constexpr std::string_view recording_start = ".aerie-recording-";
constexpr const char* interrupted_name = "interrupted recording.mkv";
constexpr std::uint64_t kept_free = 16 * 1024 * 1024;  // for the guest's own programs
constexpr int most_numbers = 1000;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

FileFault fault_of(int error) {
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) return "disk-full";
  return error == ENOENT ? "gone" : "failed";
}

UniqueFd open_at(int folder, const std::string& name, int flags, unsigned mode = 0) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return UniqueFd{static_cast<int>(::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how))};
}

/// Calls `look(name)` for each entry.
template <class Look>
void for_each_entry(const UniqueFd& folder, Look look) {
  UniqueFd copy{::openat(folder.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  const std::unique_ptr<DIR, CloseFolder> all{copy ? ::fdopendir(copy.get()) : nullptr};
  if (!all) return;
  (void)copy.release();  // closedir closes it
  while (const auto* entry = ::readdir(all.get()))
    look(std::string{entry->d_name});
}

std::size_t entries(const UniqueFd& folder) {
  std::size_t count = 0;
  for_each_entry(folder, [&](const std::string&) { ++count; });
  return count;
}

/// Gives a file another name, with a number where that is taken; empty: `errno` says why not.
std::optional<std::string> rename_beside(int folder, const std::string& from,
                                         const std::string& name) {
  for (int number = 1; number <= most_numbers; ++number) {
    auto tried = number == 1 ? name : numbered_name(name, number);
    if (::renameat2(folder, from.c_str(), folder, tried.c_str(), RENAME_NOREPLACE) == 0)
      return tried;
    if (errno != EEXIST) return std::nullopt;
  }
  return std::nullopt;
}

bool has_room(const UniqueFd& folder, std::uint64_t bytes) {
  struct statvfs disk {};
  if (::fstatvfs(folder.get(), &disk) != 0) return true;  // writing will tell
  return std::uint64_t{disk.f_bavail} * disk.f_frsize >= bytes + kept_free;
}

}  // namespace

Downloads::Downloads(std::string home) : home_(std::move(home)) {
  ::mkdir(path().c_str(), 0755);
  const auto here = folder();
  if (!here) return;
  for_each_entry(here, [&](const std::string& name) {
    if (name.starts_with(upload_start)) ::unlinkat(here.get(), name.c_str(), 0);
    if (name.starts_with(recording_start)) (void)rename_beside(here.get(), name, interrupted_name);
  });
}

UniqueFd Downloads::folder() const {
  const UniqueFd home{::open(home_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!home) return {};
  auto found = open_at(home.get(), "Downloads", O_RDONLY | O_DIRECTORY);
  if (found || errno != ENOENT) return found;
  ::mkdirat(home.get(), "Downloads", 0755);
  return open_at(home.get(), "Downloads", O_RDONLY | O_DIRECTORY);
}

FileFault Downloads::create(Folder::Ticket ticket, std::uint64_t bytes) {
  return begin(ticket, upload_start, bytes);
}

tl::expected<UniqueFd, FileFault> Downloads::record(Folder::Ticket ticket) {
  if (const auto fault = begin(ticket, recording_start, 0); !fault.empty())
    return tl::unexpected(fault);
  UniqueFd copy{::fcntl(open_.at(ticket).file.get(), F_DUPFD_CLOEXEC, 0)};
  if (copy) return copy;
  discard(ticket);
  return tl::unexpected(FileFault{"failed"});
}

FileFault Downloads::begin(Folder::Ticket ticket, std::string_view start, std::uint64_t bytes) {
  auto here = folder();
  if (!here) return fault_of(errno);
  if (entries(here) >= most_files) return "too-many";
  if (!has_room(here, bytes)) return "disk-full";
  const auto name = std::string{start}
                        .append(std::to_string(::getpid()))
                        .append("-")
                        .append(std::to_string(ticket));
  auto file = open_at(here.get(), name, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (!file) return fault_of(errno);
  open_[ticket] = {std::move(here), std::move(file), name};
  return {};
}

FileFault Downloads::append(Folder::Ticket ticket, std::string_view bytes) {
  const auto found = open_.find(ticket);
  if (found == open_.end()) return "gone";
  while (!bytes.empty()) {
    const auto written = ::write(found->second.file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fault_of(written < 0 ? errno : ENOSPC);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

tl::expected<std::string, FileFault> Downloads::finish(Folder::Ticket ticket,
                                                       const std::string& name) {
  if (!is_file_name(name)) return tl::unexpected(FileFault{"bad-name"});
  const auto found = open_.find(ticket);
  if (found == open_.end()) return tl::unexpected(FileFault{"gone"});
  const auto& [here, file, temporary] = found->second;
  auto named = rename_beside(here.get(), temporary, name);
  if (!named) return tl::unexpected(errno == EEXIST ? FileFault{"too-many"} : fault_of(errno));
  open_.erase(found);
  return std::move(*named);
}

tl::expected<std::uint64_t, FileFault> Downloads::open(Folder::Ticket ticket,
                                                       const std::string& name) {
  if (!is_file_name(name)) return tl::unexpected(FileFault{"bad-name"});
  auto here = folder();
  if (!here) return tl::unexpected(fault_of(errno));
  auto file = open_at(here.get(), name, O_RDONLY | O_NOCTTY);
  if (!file) return tl::unexpected(errno == ELOOP ? FileFault{"bad-name"} : fault_of(errno));
  struct stat about {};
  if (::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode))
    return tl::unexpected(FileFault{"bad-name"});
  open_[ticket] = {std::move(here), std::move(file), {}};
  return static_cast<std::uint64_t>(about.st_size);
}

tl::expected<std::string, FileFault> Downloads::read(Folder::Ticket ticket, std::size_t most) {
  const auto found = open_.find(ticket);
  if (found == open_.end()) return tl::unexpected(FileFault{"gone"});
  std::string bytes(most, '\0');
  ssize_t count = -1;
  do
    count = ::read(found->second.file.get(), bytes.data(), bytes.size());
  while (count < 0 && errno == EINTR);
  if (count < 0) return tl::unexpected(fault_of(errno));
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

void Downloads::discard(Folder::Ticket ticket) {
  const auto found = open_.find(ticket);
  if (found == open_.end()) return;
  const auto& unfinished = found->second;
  if (!unfinished.temporary.empty())
    ::unlinkat(unfinished.folder.get(), unfinished.temporary.c_str(), 0);
  open_.erase(found);
}

std::vector<FileEntry> Downloads::list() const {
  std::vector<FileEntry> files;
  const auto here = folder();
  if (!here) return files;
  for_each_entry(here, [&](const std::string& name) {
    if (!is_file_name(name) || is_unfinished_name(name)) return;
    struct stat about {};
    if (::fstatat(here.get(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!S_ISREG(about.st_mode)) return;
    const std::int64_t changed_ms =
        std::int64_t{about.st_mtim.tv_sec} * 1000 + about.st_mtim.tv_nsec / 1'000'000;
    files.push_back({name, static_cast<std::uint64_t>(about.st_size), changed_ms});
  });
  std::sort(files.begin(), files.end(), [](const FileEntry& one, const FileEntry& other) {
    return std::pair{other.changed_ms, one.name} < std::pair{one.changed_ms, other.name};
  });
  if (files.size() > most_listed) files.resize(most_listed);
  return files;
}

}  // namespace aerie::stream
