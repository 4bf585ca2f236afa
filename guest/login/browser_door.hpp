#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/process/frame_socket.hpp"

namespace aerie::login {

/// Where a tool knocks that wants a page opened. It is given a folder in front of its PATH with
/// `xdg-open` and its like, which are this program, and `BROWSER`; each tells the address through
/// a Unix socket in the same folder, and says how that went by its exit status.
class BrowserDoor {
 public:
  /// `on_address` returns whether the address is opened.
  [[nodiscard]] static Result<std::unique_ptr<BrowserDoor>> open(
      Reactor& reactor, std::function<bool(const std::string& address)> on_address);
  BrowserDoor(const BrowserDoor&) = delete;
  BrowserDoor& operator=(const BrowserDoor&) = delete;
  ~BrowserDoor();

  /// What a tool's environment needs: `PATH` with the folder in front, `BROWSER` and the door's
  /// address.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment(
      const std::string& path) const;

 private:
  using Visitors = std::list<std::unique_ptr<FrameSocket>>;

  BrowserDoor(Reactor& reactor, std::function<bool(const std::string&)> on_address);
  [[nodiscard]] Result<void> make();
  void accept();
  void answer(Visitors::iterator visitor, const Json& message);

  Reactor& reactor_;
  std::function<bool(const std::string&)> on_address_;
  std::string folder_;
  UniqueFd listener_;
  Watch watch_;
  Visitors visitors_;
};

/// Whether this program was started by one of the door's names.
[[nodiscard]] bool is_knocking(const std::string& program);

/// The other side: tells the address that is among the arguments, waits for the answer. Returns the
/// exit status: 0 opened, 1 not, 2 wrong usage. Blocks.
[[nodiscard]] int knock(const std::vector<std::string>& arguments);

}  // namespace aerie::login
