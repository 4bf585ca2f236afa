#pragma once

#include <functional>
#include <string>

#include "guest/command_line.hpp"
#include "messages/profile.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/spawn.hpp"

namespace aerie::guest {

/// The builtin `display`: an Xvfb that nobody outside the guest can reach. It has no TCP and no
/// abstract socket (that one would cross the sandbox, as the network's namespace is shared), only a
/// socket in the guest's own /tmp, and it wants a cookie.
class DisplayServer {
 public:
  /// Called once, with the number Xvfb wrote (X(7), -displayfd): it accepts clients.
  using OnReady = std::function<void(int display)>;

  /// Writes the cookie.
  DisplayServer(Reactor& reactor, const DisplaySize& size, std::string authority_file,
                OnReady on_ready);

  /// What to start; its descriptors are lent by this object until `on_started`.
  [[nodiscard]] SpawnRequest request() const;
  void on_started();

  /// Removes the lock and socket that a killed server of this number left behind.
  static void clear_after(int number);

  /// What clients of display `number` need.
  [[nodiscard]] Environment client_environment(int number) const;

 private:
  void read_number();

  DisplaySize size_;
  std::string authority_file_;
  OnReady on_ready_;
  UniqueFd number_reader_;
  UniqueFd number_writer_;
  Watch watch_;
  std::string digits_;
};

/// An entry for every display (Xau(3), FamilyWild) with this MIT-MAGIC-COOKIE-1 of 16 bytes.
[[nodiscard]] std::string authority_entry(const std::string& cookie);

}  // namespace aerie::guest
