#include "tests/support/udp_relay.hpp"

#include <arpa/inet.h>
#include <array>
#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <vector>

#include "runtime/process/unique_fd.hpp"

using namespace std::chrono_literals;
using aerie::UniqueFd;
using aerie::test::NetworkShape;
using aerie::test::UdpRelay;

namespace {

/// A UDP socket of 127.0.0.1 that speaks in numbers.
class Speaker {
 public:
  Speaker() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const auto address = loopback(0);
    REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  }
  [[nodiscard]] std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }
  void say(std::uint16_t to, std::uint32_t number, std::size_t size = 200) {
    std::vector<std::uint8_t> bytes(size);
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&number), 4, bytes.begin());
    const auto address = loopback(to);
    ::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&address),
             sizeof(address));
  }
  /// What comes until nothing did for `patience`.
  std::vector<std::uint32_t> hear(std::chrono::milliseconds patience) {
    std::vector<std::uint32_t> numbers;
    pollfd wait{fd_.get(), POLLIN, 0};
    while (::poll(&wait, 1, static_cast<int>(patience.count())) == 1) {
      std::array<std::uint8_t, 2048> bytes{};
      socklen_t size = sizeof(from_);
      ::recvfrom(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from_),
                 &size);
      numbers.push_back(*reinterpret_cast<const std::uint32_t*>(bytes.data()));
    }
    return numbers;
  }
  [[nodiscard]] std::uint16_t heard_from() const { return ntohs(from_.sin_port); }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  UniqueFd fd_;
  sockaddr_in from_{};
};

}  // namespace

TEST_CASE("a relay passes both ways and does with datagrams what its shape says", "[relay]") {
  UdpRelay relay{1};
  Speaker client;
  Speaker target;
  CHECK(relay.lead_through("candidate:1 1 UDP 99 10.0.0.1 4000 typ host") == std::nullopt);
  const auto led = relay.lead_through("candidate:1 1 UDP 99 127.0.0.1 " +
                                      std::to_string(target.port()) + " typ host");
  REQUIRE(led == "candidate:1 1 UDP 99 127.0.0.1 " + std::to_string(relay.port()) + " typ host");
  client.say(relay.port(), 7);
  REQUIRE(target.hear(200ms) == std::vector<std::uint32_t>{7});
  const auto answer_all = [&](std::uint32_t count, std::size_t size = 200) {
    for (std::uint32_t i = 0; i < count; ++i)
      target.say(target.heard_from(), i, size);
    return client.hear(500ms);
  };
  CHECK(answer_all(3) == std::vector<std::uint32_t>{0, 1, 2});

  relay.set_shape({.is_cut = true});
  CHECK(answer_all(3).empty());
  relay.set_shape({.loss = 0.5});
  const auto some = answer_all(200);
  CHECK(some.size() > 60);
  CHECK(some.size() < 140);
  CHECK(std::is_sorted(some.begin(), some.end()));
  relay.set_shape({.delay = 20ms, .jitter = 20ms});
  const auto late = answer_all(100);
  CHECK(late.size() == 100);
  CHECK(std::is_sorted(late.begin(), late.end()));
  relay.set_shape({.overtaken = 0.2});
  const auto mixed = answer_all(100);
  CHECK(mixed.size() == 100);
  CHECK_FALSE(std::is_sorted(mixed.begin(), mixed.end()));
  (void)relay.take_counts();
  relay.set_shape({.rate = 1e6, .queue = 100ms});  // 12.5 datagrams
  CHECK(answer_all(60, 1000).size() < 20);
  CHECK(relay.take_counts().longest <= 100ms);
}
