#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"
#include "tests/support/temporary_directory.hpp"

namespace aerie::test {

/// A TURN server (coturn) on loopback, which also relays to loopback. Gone with the object.
/// Failures throw `std::runtime_error`.
class TurnServer {
 public:
  /// Returns once it listens.
  TurnServer();
  TurnServer(const TurnServer&) = delete;
  TurnServer& operator=(const TurnServer&) = delete;
  ~TurnServer();

  /// A list for `media.iceServers`.
  [[nodiscard]] std::string ice_servers() const;

 private:
  TemporaryDirectory folder_;
  std::uint16_t port_;
  Reactor reactor_;
  std::unique_ptr<Process> process_;
};

}  // namespace aerie::test
