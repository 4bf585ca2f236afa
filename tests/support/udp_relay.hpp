#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace aerie::test {

/// How a network treats datagrams, in each direction.
struct NetworkShape {
  using Duration = std::chrono::microseconds;

  Duration delay{0};
  Duration jitter{0};       ///< more or less than `delay`, each datagram; they stay in order
  double loss = 0;          ///< share of datagrams
  double overtaken = 0;     ///< share of datagrams that come 30 ms later than others, out of order
  double rate = 0;          ///< bit/s to the client; 0: any
  Duration queue{500'000};  ///< the most that waits for the rate; what comes then is lost
  bool is_cut = false;      ///< nothing passes
};

/// A bad network between a client and one UDP port of this host: listens on 127.0.0.1, passes what
/// comes on to the target and its answers back, each client's from a port of its own. The same
/// seed decides alike. Has a thread.
class UdpRelay {
 public:
  explicit UdpRelay(unsigned seed);
  UdpRelay(const UdpRelay&) = delete;
  UdpRelay& operator=(const UdpRelay&) = delete;
  ~UdpRelay();

  /// Where clients send to.
  [[nodiscard]] std::uint16_t port() const;
  /// Where that goes: a port of 127.0.0.1. Nothing passes before.
  void set_target(std::uint16_t port);
  void set_shape(const NetworkShape& shape);

  /// Has a peer's ICE candidate lead through the relay, to its present address, which becomes the
  /// target: the same candidate with the relay's port. Empty for any but the first of 127.0.0.1.
  [[nodiscard]] std::optional<std::string> lead_through(const std::string& candidate);

  struct Counts {
    std::uint64_t passed = 0;          ///< datagrams to the client
    std::uint64_t bytes = 0;           ///< in them
    NetworkShape::Duration longest{};  ///< that one of them waited for the rate
  };
  /// Since they were last taken.
  [[nodiscard]] Counts take_counts();

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

/// A session description without its candidates, so that the other side has to find out.
[[nodiscard]] std::string without_candidates(const std::string& sdp);

}  // namespace aerie::test
