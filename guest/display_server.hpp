#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "guest/command_line.hpp"
#include "messages/profile.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/spawn.hpp"

namespace aerie::guest {

inline constexpr const char* display_program = "Xvfb";

/// The builtin `display`: an Xvfb that nobody outside the guest can reach. It has no TCP and no
/// abstract socket (that one would cross the sandbox, as the network's namespace is shared), only a
/// socket in the guest's own /tmp, and it wants a cookie.
///
/// Clients try the abstract name of their display before its path. So that they find nobody else's
/// server there, the name is bound here and never listened on: they are refused, and go on to the
/// path (libxcb, `_xcb_open_unix`). A number whose name another has is passed over.
///
/// Xvfb can't grow beyond the size that it was started with. A display that follows its viewer's
/// window is therefore started with its largest (4 bytes a pixel) and made smaller before anybody
/// uses it, by a thread: the server may be slow to answer.
class DisplayServer {
 public:
  /// Called once, with the number Xvfb wrote (X(7), -displayfd): it accepts clients.
  using OnReady = std::function<void(int display)>;

  /// Writes the cookie; removes what a killed server with the number `previous` left behind.
  DisplayServer(Reactor& reactor, const DisplaySize& size, std::string authority_file,
                std::optional<int> previous, OnReady on_ready);
  DisplayServer(const DisplayServer&) = delete;
  DisplayServer& operator=(const DisplayServer&) = delete;
  ~DisplayServer();

  /// What to start; its descriptors are lent by this object until `on_started`.
  [[nodiscard]] SpawnRequest request() const;
  void on_started();

  /// What clients of display `number` need.
  [[nodiscard]] Environment client_environment(int number) const;

 private:
  void reserve_number();
  void read_number();
  void set_size(int number);

  Reactor& reactor_;
  DisplaySize size_;
  std::string authority_file_;
  std::string cookie_;
  OnReady on_ready_;
  int number_ = 0;
  UniqueFd reserved_name_;
  UniqueFd number_reader_;
  UniqueFd number_writer_;
  Watch watch_;
  std::string digits_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< read on the reactor's thread
  std::jthread sizing_;
};

/// An entry for every display (Xau(3), FamilyWild) with this MIT-MAGIC-COOKIE-1 of 16 bytes.
[[nodiscard]] std::string authority_entry(const std::string& cookie);

}  // namespace aerie::guest
