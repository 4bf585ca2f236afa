#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "tests/support/deadline.hpp"

namespace aerie::test {

/// A web site of one page on a free port of the loopback, for a guest to visit. What the page posts
/// is how a test learns what happened inside the guest.
class Site {
 public:
  /// Serves `html` for every GET but `/say.js`. Throws `std::system_error` where no port is free.
  /// A page with that script has `say(text)`, which posts in the order of its calls, and says
  /// `loaded` once its first text is painted: a browser passes over what is clicked before.
  explicit Site(std::string html);
  ~Site();

  /// `http://127.0.0.1:PORT/`
  [[nodiscard]] std::string url() const;

  /// The body of the next POST. Throws `std::runtime_error` when time is up.
  [[nodiscard]] std::string next_post(std::chrono::milliseconds within = patience);

  /// Does something until a post tells of it that begins with `prefix`, which is returned: a
  /// browser whose window is being given another size can pass a first click over. Throws as above.
  std::string repeat_until_post(const std::string& prefix, const std::function<void()>& act);

  /// Passes posts over until one equals `expected`. Throws as above, naming the last one seen.
  void wait_for_post(const std::string& expected, std::chrono::milliseconds within = patience);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aerie::test
