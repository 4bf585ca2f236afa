#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <tl/expected.hpp>
#include <vector>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::preflight {

/// Who is to run a program. Supplementary groups and access control lists are not known.
struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// What makes a file the same one, unchanged: what is known of it stays true.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

[[nodiscard]] FileIdentity identity_of(const struct stat& status);

/// A file that was found, not yet opened for reading.
struct FoundFile {
  std::string path;  ///< within the root, as it was asked for
  UniqueFd handle;   ///< O_PATH
  struct stat status {};

  [[nodiscard]] bool is_regular() const { return S_ISREG(status.st_mode); }
  [[nodiscard]] FileIdentity identity() const { return identity_of(status); }
};

/// A root file system, ours or a guest's. Every path is resolved beneath it, `..` and absolute
/// symbolic links too (openat2(2), RESOLVE_IN_ROOT), so nothing of the host is ever looked at.
class FileRoot {
 public:
  /// `root_missing` when `directory` is none or can't be entered. Relative paths are looked up from
  /// `working_directory`, an absolute path within the root.
  [[nodiscard]] static Result<FileRoot> open(const std::string& directory,
                                             std::string working_directory = "/");

  /// The absolute path of a path within the root; symbolic links stay.
  [[nodiscard]] std::string absolute(const std::string& path) const;

  /// Looks a path up; the errno when there is nothing.
  [[nodiscard]] tl::expected<FoundFile, int> find(const std::string& path) const;

  /// Opens a regular file that was found for reading; the errno when that is not possible, ESTALE
  /// when it is another file by now.
  [[nodiscard]] tl::expected<UniqueFd, int> open_for_reading(const FoundFile& file) const;

  /// The file's own path within the root, all symbolic links followed; its `path` where that can't
  /// be told (no /proc).
  [[nodiscard]] std::string real_path(const FoundFile& file) const;

  /// Up to `limit` bytes of a regular file; the errno when it can't be read.
  [[nodiscard]] tl::expected<std::string, int> read(const std::string& path,
                                                    std::size_t limit) const;

  /// The names in a directory, sorted, at most `limit`; none when it can't be read.
  [[nodiscard]] std::vector<std::string> entries(const std::string& path, std::size_t limit) const;

  /// Whether the file's mount forbids programs (statvfs(3), ST_NOEXEC).
  [[nodiscard]] static bool is_on_noexec_mount(const FoundFile& file);

  /// Whether the file and the directories above it may be executed, or read, by `identity`; by the
  /// caller where there is none. `wanted`: `X_OK` or `R_OK`.
  [[nodiscard]] bool permits(const FoundFile& file, int wanted,
                             const std::optional<Identity>& identity) const;

 private:
  FileRoot(UniqueFd root, std::string own_path, std::string working_directory);
  [[nodiscard]] tl::expected<UniqueFd, int> open_beneath(const std::string& path, int flags) const;

  UniqueFd root_;
  std::string own_path_;  ///< of the root on the host; empty when it is `/`
  std::string working_directory_;
};

/// All of a descriptor's bytes from its beginning, at most `limit`.
[[nodiscard]] std::string read_all(int fd, std::size_t limit);

}  // namespace aerie::preflight
