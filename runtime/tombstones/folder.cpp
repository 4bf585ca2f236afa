#include "runtime/tombstones/folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace aerie {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY;
constexpr std::string_view old_ending = ".old";

/// A directory of the tree that is walked; nobody else can name it.
int child_of(int directory, const char* name, int flags) {
  return ::openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

std::vector<std::string> names_in(int directory) {
  std::vector<std::string> names;
  UniqueFd own{child_of(directory, ".", directory_flags)};
  if (!own) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries{::fdopendir(own.get()), ::closedir};
  if (!entries) return names;
  [[maybe_unused]] const int its_own = own.release();  // closedir(3) closes it
  while (const auto* entry = ::readdir(entries.get())) {
    const std::string_view name{entry->d_name};
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// False with errno where something stays.
bool remove_beneath(int directory, const std::string& name) {
  if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return true;
  if (errno != EISDIR && errno != EPERM) return false;
  const UniqueFd inner{child_of(directory, name.c_str(), directory_flags)};
  if (!inner) return errno == ENOENT;
  for (const auto& each : names_in(inner.get()))
    if (!remove_beneath(inner.get(), each)) return false;
  return ::unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
}

std::int64_t bytes_beneath(int directory) {
  std::int64_t total = 0;
  for (const auto& name : names_in(directory)) {
    struct stat status {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(status.st_mode)) total += status.st_size;
    if (!S_ISDIR(status.st_mode)) continue;
    const UniqueFd inner{child_of(directory, name.c_str(), directory_flags)};
    if (inner) total += bytes_beneath(inner.get());
  }
  return total;
}

}  // namespace

Cause file_failure(const std::string& path, int number) {
  // A limit on a file's size (setrlimit(2)) or a quota is space that is not there.
  const bool is_full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  return {is_full ? CauseKind::disk_full : CauseKind::store_failed,
          "'" + path + "' can't be used: " + std::generic_category().message(number) + ".",
          is_full ? "Free space in its file system; it is tried again."
                  : "Check its file system, its owner and its rights.",
          {}};
}

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return tl::unexpected(file_failure(path, errno));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<Folder> Folder::open(const std::string& path) {
  UniqueFd directory{::open(path.c_str(), directory_flags | O_CLOEXEC)};
  if (!directory) return tl::unexpected(file_failure(path, errno));
  return Folder{std::move(directory), path};
}

UniqueFd Folder::open_beneath(const std::string& name, int flags, unsigned mode) const {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return UniqueFd{
      static_cast<int>(::syscall(SYS_openat2, directory_.get(), name.c_str(), &how, sizeof how))};
}

tl::unexpected<Cause> Folder::failed(const std::string& name) const {
  return tl::unexpected(file_failure(path_of(name), errno));
}

std::optional<Folder> Folder::find(const std::string& name) const {
  auto directory = open_beneath(name, directory_flags);
  if (!directory) return std::nullopt;
  return Folder{std::move(directory), path_of(name)};
}

Result<Folder> Folder::make(const std::string& name) const {
  if (::mkdirat(directory_.get(), name.c_str(), 0700) != 0 && errno != EEXIST) return failed(name);
  auto directory = open_beneath(name, directory_flags);
  if (!directory) return failed(name);
  return Folder{std::move(directory), path_of(name)};
}

std::optional<UniqueFd> Folder::find_file(const std::string& name) const {
  // A pipe in its place must not keep us waiting.
  auto file = open_beneath(name, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return file;
}

std::optional<std::string> Folder::read(const std::string& name, std::size_t limit) const {
  const auto file = find_file(name);
  if (!file) return std::nullopt;
  std::string text;
  constexpr std::size_t step = 64 * 1024;
  while (text.size() < limit) {
    const auto before = text.size();
    text.resize(std::min(limit, before + step));
    const auto count = ::read(file->get(), text.data() + before, text.size() - before);
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
  }
  return text;
}

Result<UniqueFd> Folder::create(const std::string& name) const {
  auto file = open_beneath(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!file) return failed(name);
  return file;
}

Result<void> Folder::write(const std::string& name, std::string_view text) const {
  const auto file = create(name);
  if (!file) return tl::unexpected(file.error());
  if (auto written = write_all(file->get(), text, path_of(name)); !written) return written;
  if (::fsync(file->get()) != 0) return failed(name);
  return {};
}

Result<void> Folder::link_into(const Folder& other, const std::string& name,
                               const std::string& other_name) const {
  if (::linkat(directory_.get(), name.c_str(), other.directory_.get(), other_name.c_str(), 0) == 0)
    return {};
  return failed(name);
}

Result<void> Folder::swap_in(const std::string& name, const std::string& target) const {
  const auto swap = [&](unsigned flags) {
    return ::renameat2(directory_.get(), name.c_str(), directory_.get(), target.c_str(), flags);
  };
  if (swap(RENAME_NOREPLACE) == 0) return {};
  if (errno == EEXIST && swap(RENAME_EXCHANGE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return failed(target);
  return swap_in_steps(name, target);
}

/// For file systems that can't exchange two names (NFS, some of FUSE). After a death in between
/// `put_back_old` finds what was there.
Result<void> Folder::swap_in_steps(const std::string& name, const std::string& target) const {
  const auto old = "." + target + std::string{old_ending};
  auto done = remove(old);
  const bool was_there = has(target);
  if (done && was_there) done = rename(target, old);
  if (done) done = rename(name, target);
  if (!done && was_there && !has(target)) {
    [[maybe_unused]] const auto undone = rename(old, target);  // the failure is told all the same
  }
  if (done && was_there) done = rename(old, name);
  return done;
}

Result<void> Folder::put_back_old() const {
  for (const auto& name : names()) {
    if (!name.starts_with('.') || !name.ends_with(old_ending)) continue;
    const auto target = name.substr(1, name.size() - 1 - old_ending.size());
    if (auto done = has(target) ? remove(name) : rename(name, target); !done) return done;
  }
  return {};
}

Result<void> Folder::rename(const std::string& name, const std::string& target) const {
  if (::renameat(directory_.get(), name.c_str(), directory_.get(), target.c_str()) == 0) return {};
  return failed(name);
}

Result<void> Folder::remove(const std::string& name) const {
  if (!remove_beneath(directory_.get(), name)) return failed(name);
  return {};
}

Result<void> Folder::sync() const {
  if (::fsync(directory_.get()) != 0) return tl::unexpected(file_failure(path_, errno));
  return {};
}

bool Folder::has(const std::string& name) const {
  return ::faccessat(directory_.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

std::vector<std::string> Folder::names() const {
  return names_in(directory_.get());
}

std::int64_t Folder::bytes() const {
  return bytes_beneath(directory_.get());
}

}  // namespace aerie
