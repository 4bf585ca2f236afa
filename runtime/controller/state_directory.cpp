#include "runtime/controller/state_directory.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/process/handshake.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Cause> failed(const std::string& path, int number) {
  const bool is_full = number == ENOSPC || number == EDQUOT;
  return tl::unexpected(Cause{is_full ? CauseKind::disk_full : CauseKind::store_failed,
                              "'" + path + "' can't be used: " + std::strerror(number) + ".",
                              is_full ? "Free space in its file system."
                                      : "Check its owner and rights, or name another with --state.",
                              {}});
}

Result<void> make_private_directory(const std::string& path) {
  std::error_code error;
  fs::create_directories(fs::path{path}.parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed(path, errno);
  if (::chmod(path.c_str(), 0700) != 0) return failed(path, errno);
  return {};
}

/// Writes a file whole or not at all: a new one beside it, synced, then renamed.
Result<void> write_private_file(const std::string& path, const std::string& text) {
  const auto fresh = path + ".new";
  const UniqueFd file{
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return failed(fresh, errno);
  const auto written = ::write(file.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()))
    return failed(fresh, written < 0 ? errno : ENOSPC);
  if (::fsync(file.get()) != 0) return failed(fresh, errno);
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failed(path, errno);
  return {};
}

/// Reads a token, or makes it at the first start.
Result<std::string> token(const std::string& path) {
  std::string text;
  std::ifstream file{path};
  if (file >> text && !text.empty()) return text;
  text = random_hex();
  if (auto written = write_private_file(path, text + "\n"); !written)
    return tl::unexpected(written.error());
  return text;
}

}  // namespace

Result<StateDirectory> StateDirectory::open(const std::string& path) {
  StateDirectory state;
  state.path_ = path;
  for (const auto& directory : {path, path + "/vms", path + "/sessions", path + "/tombstones"})
    if (auto made = make_private_directory(directory); !made) return tl::unexpected(made.error());
  const auto lock = path + "/lock";
  state.lock_.reset(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!state.lock_) return failed(lock, errno);
  if (::flock(state.lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return tl::unexpected(Cause{CauseKind::address_in_use,
                                "Another controller runs on the state directory '" + path + "'.",
                                "Stop it, or name another directory with --state.",
                                {}});
  state.remove_address();  // of one that was killed
  auto operator_token = token(path + "/operator.token");
  if (!operator_token) return tl::unexpected(operator_token.error());
  auto observer_token = token(path + "/observer.token");
  if (!observer_token) return tl::unexpected(observer_token.error());
  state.operator_token_ = std::move(*operator_token);
  state.observer_token_ = std::move(*observer_token);
  return state;
}

Result<void> StateDirectory::write_address(const std::string& address) const {
  return write_private_file(path_ + "/address", address + "\n");
}

void StateDirectory::remove_address() const {
  const auto path = path_ + "/address";
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    spdlog::warn("'{}' could not be removed: {}", path, std::strerror(errno));
}

}  // namespace aerie
