#pragma once

#include <memory>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <vector>

#include "runtime/network/host_network.hpp"
#include "runtime/network/network_namespace.hpp"

/// A host, an internet and guests, each a real network namespace, for tests of what passes between
/// them. All of it is gone with the objects.
namespace aerie::network::testing {

/// False, with a warning, where this process may not make networks.
[[nodiscard]] bool can_make_networks();

/// Runs a test in a namespace that is the host's: nothing of it reaches the real host.
void on_a_host(const std::function<void()>& test);

/// A socket in a namespace, whichever one the test's own thread is in.
class Socket {
 public:
  /// `type`: SOCK_DGRAM or SOCK_STREAM. Bound to ADDRESS (empty: any) and port (0: any); streams
  /// listen.
  static Socket bound(int name_space, int type, const std::string& address, std::uint16_t port);
  /// Begins to connect.
  static Socket connecting(int name_space, const std::string& address, std::uint16_t port);

  [[nodiscard]] std::uint16_t port() const;
  /// Datagrams.
  void send(const std::string& text, const std::string& address, std::uint16_t port) const;
  struct Received {
    std::string text;
    std::string address;
    std::uint16_t port = 0;
  };
  [[nodiscard]] Received receive() const;  ///< waits
  [[nodiscard]] bool has_something() const;
  /// Streams. Waits for the outcome of a connection; true where it stands.
  [[nodiscard]] bool is_connected() const;
  /// The same as it is now.
  [[nodiscard]] bool is_connected_by_now() const;
  [[nodiscard]] std::string accept_from() const;  ///< waits; the address of who connected

 private:
  explicit Socket(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

/// The uplink of the host: its own address, and one server's behind it.
class Internet {
 public:
  static constexpr const char* host_address = "198.51.100.1";
  static constexpr const char* server_address = "198.51.100.2";

  Internet();
  [[nodiscard]] int name_space() const { return namespace_.get(); }
  /// Another address that is found there.
  void add_address(const std::string& address);

 private:
  UniqueFd namespace_;
};

[[nodiscard]] NetworkOptions options_of(const std::string& tag);
[[nodiscard]] GuestNetworkRequest request_of(int slot, NetworkPolicy policy);

/// When it returns, what the guest sent before has arrived, or never will: a packet of the host's
/// went to the guest and its answer came back by the same way.
void wait_for_packets_of(const GuestNetwork& guest);

}  // namespace aerie::network::testing
