#include "runtime/preflight/file_root.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace aerie::preflight {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::string link_target(const UniqueFd& handle) {
  std::string target(PATH_MAX, '\0');
  const auto link = "/proc/self/fd/" + std::to_string(handle.get());
  const auto count = ::readlink(link.c_str(), target.data(), target.size());
  target.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return target;
}

/// The mode bits that count for somebody (path_resolution(7)).
bool mode_permits(const struct stat& status, int wanted, const Identity& who) {
  if (who.uid == 0)
    return wanted == R_OK || S_ISDIR(status.st_mode) || (status.st_mode & 0111U) != 0;
  const unsigned shift = status.st_uid == who.uid ? 6 : status.st_gid == who.gid ? 3 : 0;
  return (status.st_mode >> shift & static_cast<unsigned>(wanted)) != 0;
}

}  // namespace

FileIdentity identity_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size,
          status.st_mtim.tv_sec * second_ns + status.st_mtim.tv_nsec,
          status.st_ctim.tv_sec * second_ns + status.st_ctim.tv_nsec};
}

FileRoot::FileRoot(UniqueFd root, std::string own_path, std::string working_directory)
    : root_(std::move(root)),
      own_path_(std::move(own_path)),
      working_directory_(std::move(working_directory)) {}

Result<FileRoot> FileRoot::open(const std::string& directory, std::string working_directory) {
  UniqueFd root{::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!root)
    return tl::unexpected(Cause{
        CauseKind::root_missing,
        "The root directory '" + directory + "' can't be opened: " + std::strerror(errno) + ".",
        "Name a directory that holds a root file system.",
        {}});
  auto own_path = link_target(root);
  if (own_path.empty()) own_path = directory;
  if (own_path == "/") own_path.clear();
  return FileRoot{std::move(root), std::move(own_path), std::move(working_directory)};
}

std::string FileRoot::absolute(const std::string& path) const {
  if (path.starts_with('/')) return path;
  return working_directory_ + (working_directory_.ends_with('/') ? "" : "/") + path;
}

tl::expected<UniqueFd, int> FileRoot::open_beneath(const std::string& path, int flags) const {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  // In our own root a link as /proc/self/exe may be followed, as the kernel would.
  how.resolve = own_path_.empty() ? 0 : RESOLVE_IN_ROOT;
  const auto whole = absolute(path);
  const auto fd = ::syscall(SYS_openat2, root_.get(), whole.c_str(), &how, sizeof how);
  if (fd < 0) return tl::unexpected(errno);
  return UniqueFd{static_cast<int>(fd)};
}

tl::expected<FoundFile, int> FileRoot::find(const std::string& path) const {
  auto handle = open_beneath(path, O_PATH);
  if (!handle) return tl::unexpected(handle.error());
  FoundFile found{absolute(path), std::move(*handle), {}};
  if (::fstat(found.handle.get(), &found.status) != 0) return tl::unexpected(errno);
  return found;
}

tl::expected<UniqueFd, int> FileRoot::open_for_reading(const FoundFile& file) const {
  if (!file.is_regular()) return tl::unexpected(S_ISDIR(file.status.st_mode) ? EISDIR : EACCES);
  auto opened = open_beneath(file.path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!opened) return opened;
  struct stat status {};
  if (::fstat(opened->get(), &status) != 0) return tl::unexpected(errno);
  if (status.st_dev != file.status.st_dev || status.st_ino != file.status.st_ino)
    return tl::unexpected(ESTALE);
  return opened;
}

std::string FileRoot::real_path(const FoundFile& file) const {
  auto target = link_target(file.handle);
  if (!target.starts_with(own_path_ + "/")) return file.path;
  return target.substr(own_path_.size());
}

tl::expected<std::string, int> FileRoot::read(const std::string& path, std::size_t limit) const {
  const auto found = find(path);
  if (!found) return tl::unexpected(found.error());
  const auto file = open_for_reading(*found);
  if (!file) return tl::unexpected(file.error());
  return read_all(file->get(), limit);
}

std::vector<std::string> FileRoot::entries(const std::string& path, std::size_t limit) const {
  std::vector<std::string> names;
  auto opened = open_beneath(path, O_RDONLY | O_DIRECTORY);
  if (!opened) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory{::fdopendir(opened->get()), ::closedir};
  if (!directory) return names;
  [[maybe_unused]] const int its_own = opened->release();  // closedir(3) closes it
  while (names.size() < limit) {
    const auto* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool FileRoot::is_on_noexec_mount(const FoundFile& file) {
  struct statvfs mount {};
  return ::fstatvfs(file.handle.get(), &mount) == 0 && (mount.f_flag & ST_NOEXEC) != 0;
}

bool FileRoot::permits(const FoundFile& file, int wanted,
                       const std::optional<Identity>& identity) const {
  // That the caller may enter the directories is shown by the file having been found.
  if (!identity) return ::faccessat(file.handle.get(), "", wanted, AT_EMPTY_PATH | AT_EACCESS) == 0;
  if (!mode_permits(file.status, wanted, *identity)) return false;
  for (auto directory = real_path(file); directory.size() > 1;) {
    directory.resize(std::max<std::size_t>(directory.rfind('/'), 1));
    const auto above = find(directory);
    if (!above || !mode_permits(above->status, X_OK, *identity)) return false;
  }
  return true;
}

std::string read_all(int fd, std::size_t limit) {
  std::string text;
  constexpr std::size_t step = 64 * 1024;
  while (text.size() < limit) {
    const auto old = text.size();
    text.resize(std::min(limit, old + step));
    const auto count = ::pread(fd, text.data() + old, text.size() - old, static_cast<off_t>(old));
    if (count < 0 && errno == EINTR) {
      text.resize(old);
      continue;
    }
    text.resize(old + (count > 0 ? static_cast<std::size_t>(count) : 0));
    if (count <= 0) break;
  }
  return text;
}

}  // namespace aerie::preflight
