#include "runtime/drivers/vm/vm_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace aerie {
namespace {

Cause not_written(const std::string& path, int error) {
  const bool is_full = error == ENOSPC || error == EDQUOT;
  return {is_full ? CauseKind::disk_full : CauseKind::store_failed,
          "'" + path + "' could not be written: " + std::strerror(error) + ".",
          is_full ? "Free space in the state directory's file system."
                  : "Check the rights of the state directory.",
          {}};
}

/// Copies one run of data; false with errno.
// Through this process' memory: the kernel copies between file systems of one kind only.
bool copy_by_hand(int source, int target, off_t begin, off_t end) {
  std::vector<char> bytes(1U << 20U);
  while (begin < end) {
    const auto wanted = std::min(bytes.size(), static_cast<std::size_t>(end - begin));
    const auto read = ::pread(source, bytes.data(), wanted, begin);
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) return false;
    if (read == 0) break;  // the source became shorter
    for (ssize_t done = 0; done < read;) {
      const auto written = ::pwrite(target, bytes.data() + done,
                                    static_cast<std::size_t>(read - done), begin + done);
      if (written < 0 && errno != EINTR) return false;
      if (written > 0) done += written;
    }
    begin += read;
  }
  return true;
}

bool copy_run(int source, int target, off_t begin, off_t end) {
  while (begin < end) {
    loff_t from = begin;
    loff_t to = begin;
    const auto copied =
        ::copy_file_range(source, &from, target, &to, static_cast<std::size_t>(end - begin), 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
      return copy_by_hand(source, target, begin, end);
    if (copied < 0) return false;
    if (copied == 0) break;  // the source became shorter
    begin += copied;
  }
  return true;
}

bool copy_data(int source, int target, off_t size) {
  for (off_t at = 0; at < size;) {
    const auto begin = ::lseek(source, at, SEEK_DATA);
    if (begin < 0) return errno == ENXIO;  // nothing but a hole is left
    const auto end = ::lseek(source, begin, SEEK_HOLE);
    if (end < 0 || !copy_run(source, target, begin, end)) return false;
    at = end;
  }
  return true;
}

}  // namespace

std::string console_path(const std::string& directory) {
  return directory + "/console.log";
}

std::string overlay_path(const std::string& directory) {
  return directory + "/overlay";
}

Result<void> copy_sparse(const std::string& source, const std::string& target) {
  const UniqueFd from{::open(source.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat facts {};
  if (!from || ::fstat(from.get(), &facts) != 0)
    return tl::unexpected(Cause{CauseKind::root_missing,
                                "'" + source + "' can't be read: " + std::strerror(errno) + ".",
                                "Make the image again (./run image).",
                                {}});
  const UniqueFd to{
      ::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!to) return tl::unexpected(not_written(target, errno));
  if (::ioctl(to.get(), FICLONE, from.get()) == 0) return {};
  if (::ftruncate(to.get(), facts.st_size) != 0 || !copy_data(from.get(), to.get(), facts.st_size))
    return tl::unexpected(not_written(target, errno));
  return {};
}

Result<void> prepare_vm_files(const VmPlan& plan, const std::string& overlay_source) {
  if (::mkdir(plan.directory.c_str(), 0700) != 0 && errno != EEXIST)
    return tl::unexpected(not_written(plan.directory, errno));
  const auto console = console_path(plan.directory);
  const UniqueFd file{
      ::open(console.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return tl::unexpected(not_written(console, errno));
  return copy_sparse(overlay_source, overlay_path(plan.directory));
}

Result<void> prepare_vm_files(const VmPlan& plan, const SavedState& state) {
  if (auto prepared = prepare_vm_files(plan, state.overlay()); !prepared) return prepared;
  std::error_code error;
  std::filesystem::copy_file(state.console(), console_path(plan.directory),
                             std::filesystem::copy_options::overwrite_existing, error);
  if (error) return tl::unexpected(not_written(console_path(plan.directory), error.value()));
  return {};
}

}  // namespace aerie
