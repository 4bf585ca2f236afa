#include "runtime/cli/state_folder.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"

namespace aerie {
namespace {

tl::unexpected<Cause> failed(const std::string& path, const std::string& why, int code = 0) {
  return tl::unexpected(Cause{code == ENOSPC ? CauseKind::disk_full : CauseKind::store_failed,
                              "The state directory " + path + " can't be used: " + why + ".",
                              "Choose another with --state, or correct its owner and permissions.",
                              {}});
}

}  // namespace

Result<void> make_state_folder(const std::string& path) {
  std::error_code error;
  const auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return failed(path, error.message(), error.value());
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return failed(path, std::generic_category().message(errno), errno);
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0)
    return failed(path, std::generic_category().message(errno), errno);
  if (status.st_uid != geteuid()) return failed(path, "it belongs to another user");
  if ((status.st_mode & 0777) != 0700 && fchmod(fd.get(), 0700) != 0)
    return failed(path, std::generic_category().message(errno), errno);
  return {};
}

}  // namespace aerie
