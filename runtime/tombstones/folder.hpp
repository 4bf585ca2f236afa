#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// `disk-full` or `store-failed` for what the kernel said of a path.
[[nodiscard]] Cause file_failure(const std::string& path, int number);

/// A directory held open. What is named beneath it is opened without following a link, be it the
/// last part or one on the way, and without leaving it (openat2(2), RESOLVE_BENEATH and
/// RESOLVE_NO_SYMLINKS): guests may write in some of these places. Names are relative, `a/b`.
/// Errors: `disk-full`, `store-failed`, naming the path.
class Folder {
 public:
  [[nodiscard]] static Result<Folder> open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }

  /// A directory beneath; none where there is none.
  [[nodiscard]] std::optional<Folder> find(const std::string& name) const;
  /// A directory beneath, made where it is missing.
  [[nodiscard]] Result<Folder> make(const std::string& name) const;
  /// A regular file beneath, for reading; none where there is none.
  [[nodiscard]] std::optional<UniqueFd> find_file(const std::string& name) const;
  /// Its text, at most `limit` bytes; none where there is none.
  [[nodiscard]] std::optional<std::string> read(const std::string& name, std::size_t limit) const;
  /// A new file, 0600; one that is there already is an error.
  [[nodiscard]] Result<UniqueFd> create(const std::string& name) const;
  /// Writes a new file and syncs it.
  [[nodiscard]] Result<void> write(const std::string& name, std::string_view text) const;
  /// The same file under the same name in another folder.
  [[nodiscard]] Result<void> link_into(const Folder& other, const std::string& name,
                                       const std::string& other_name) const;
  /// `name` takes the place of `target`; what was there is then called `name`, else nothing is.
  [[nodiscard]] Result<void> swap_in(const std::string& name, const std::string& target) const;
  /// The same where the file system can't do it in one step.
  [[nodiscard]] Result<void> swap_in_steps(const std::string& name,
                                           const std::string& target) const;
  /// Undoes, or clears up after, a swap in steps that was interrupted.
  [[nodiscard]] Result<void> put_back_old() const;
  [[nodiscard]] Result<void> rename(const std::string& name, const std::string& target) const;
  /// Deletes a file or a directory with all that is in it. No failure where there is none.
  [[nodiscard]] Result<void> remove(const std::string& name) const;
  [[nodiscard]] Result<void> sync() const;

  [[nodiscard]] bool has(const std::string& name) const;
  /// What is in it, sorted, without `.` and `..`.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Sum of the sizes of all files beneath.
  [[nodiscard]] std::int64_t bytes() const;

 private:
  Folder(UniqueFd directory, std::string path)
      : directory_(std::move(directory)), path_(std::move(path)) {}

  [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] UniqueFd open_beneath(const std::string& name, int flags, unsigned mode = 0) const;
  [[nodiscard]] tl::unexpected<Cause> failed(const std::string& name) const;

  UniqueFd directory_;
  std::string path_;
};

/// Writes all of it, however often the kernel takes a part only.
[[nodiscard]] Result<void> write_all(int fd, std::string_view text, const std::string& path);

}  // namespace aerie
