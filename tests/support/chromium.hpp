#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"
#include "tests/support/page.hpp"
#include "tests/support/temporary_directory.hpp"

namespace aerie::test {

struct ChromiumOptions {
  int width = 1280;
  int height = 800;
  std::vector<std::string> flags = {};  ///< more of them
  std::string network = {};  ///< a file that names its network namespace; empty: this process's own
};

/// A real headless Chromium with a profile of its own, to look at pages as a person would. All its
/// processes and files are gone when it is. Used from one thread; its pages must go first.
class Chromium {
 public:
  /// Starts it and waits until it answers. Throws `std::runtime_error` where it does not.
  explicit Chromium(ChromiumOptions options = {});
  Chromium(const Chromium&) = delete;
  Chromium& operator=(const Chromium&) = delete;
  ~Chromium();

  /// Opens an address in a window of its own, which is never in the background.
  [[nodiscard]] Page new_page(const std::string& url);

  /// What pages download is saved in that folder, without a question.
  void save_downloads_in(const std::string& folder);

 private:
  void launch(const std::vector<std::string>& argv, int commands, int answers);

  ChromiumOptions options_;
  TemporaryDirectory profile_;
  Reactor reactor_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<Devtools> devtools_;
};

}  // namespace aerie::test
