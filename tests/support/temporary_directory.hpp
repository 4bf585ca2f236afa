#pragma once

#include <filesystem>

namespace aerie::test {

/// A fresh directory (0700) beneath the system's temporary one, removed with all it holds.
class TemporaryDirectory {
 public:
  /// Throws `std::system_error` where none can be made.
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace aerie::test
