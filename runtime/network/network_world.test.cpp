#include "runtime/network/network_world.test.hpp"

#include <arpa/inet.h>
#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <thread>

namespace aerie::network::testing {
namespace {

constexpr int patience_ms = 60'000;

void in_namespace(int name_space, const std::function<void()>& task) {
  bool has_entered = false;
  std::thread{[&] {
    has_entered = ::setns(name_space, CLONE_NEWNET) == 0;
    if (has_entered) task();
  }}.join();
  REQUIRE(has_entered);
}

sockaddr_in place(const std::string& address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  if (!address.empty()) REQUIRE(::inet_pton(AF_INET, address.c_str(), &result.sin_addr) == 1);
  return result;
}

std::string text_of(const sockaddr_in& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  return ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

void wait_for(int fd, short events) {
  pollfd waited{fd, events, 0};
  REQUIRE(::poll(&waited, 1, patience_ms) == 1);
}

UniqueFd socket_in(int name_space, int type) {
  UniqueFd fd;
  in_namespace(name_space,
               [&] { fd.reset(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); });
  REQUIRE(fd);
  return fd;
}

}  // namespace

bool can_make_networks() {
  const auto probed = HostNetwork::probe();
  if (!probed) WARN("skipped: " + probed.error().message);
  return probed.has_value();
}

void on_a_host(const std::function<void()>& test) {
  std::exception_ptr thrown;
  const auto made = in_fresh_namespace([&]() -> Result<void> {
    try {
      test();
    } catch (...) {
      thrown = std::current_exception();
    }
    return {};
  });
  if (thrown) std::rethrow_exception(thrown);
  REQUIRE(made);
}

Socket Socket::bound(int name_space, int type, const std::string& address, std::uint16_t port) {
  Socket made{socket_in(name_space, type)};
  const auto at = place(address, port);
  REQUIRE(::bind(made.fd_.get(), generic(at), sizeof at) == 0);
  if (type == SOCK_STREAM) REQUIRE(::listen(made.fd_.get(), 8) == 0);
  return made;
}

Socket Socket::connecting(int name_space, const std::string& address, std::uint16_t port) {
  Socket made{socket_in(name_space, SOCK_STREAM)};
  const auto to = place(address, port);
  const bool is_begun =
      ::connect(made.fd_.get(), generic(to), sizeof to) == 0 || errno == EINPROGRESS;
  REQUIRE(is_begun);
  return made;
}

std::uint16_t Socket::port() const {
  sockaddr_in own{};
  socklen_t size = sizeof own;
  REQUIRE(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0);
  return ntohs(own.sin_port);
}

void Socket::send(const std::string& text, const std::string& address, std::uint16_t port) const {
  const auto to = place(address, port);
  // The sender's own side may refuse at once, which is as good as a drop.
  (void)::sendto(fd_.get(), text.data(), text.size(), 0, generic(to), sizeof to);
}

Socket::Received Socket::receive() const {
  wait_for(fd_.get(), POLLIN);
  std::array<char, 256> buffer{};
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const auto count = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), 0,
                                reinterpret_cast<sockaddr*>(&from), &size);
  REQUIRE(count >= 0);
  return {{buffer.data(), static_cast<std::size_t>(count)}, text_of(from), ntohs(from.sin_port)};
}

bool Socket::has_something() const {
  pollfd waited{fd_.get(), POLLIN, 0};
  return ::poll(&waited, 1, 0) == 1;
}

bool Socket::is_connected() const {
  wait_for(fd_.get(), POLLOUT);
  return is_connected_by_now();
}

bool Socket::is_connected_by_now() const {
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  return ::getpeername(fd_.get(), reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

std::string Socket::accept_from() const {
  wait_for(fd_.get(), POLLIN);
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const UniqueFd accepted{
      ::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC)};
  REQUIRE(accepted);
  return text_of(from);
}

Internet::Internet() {
  auto made = make_guest_namespace("up0", server_address, host_address);
  REQUIRE(made);
  namespace_ = std::move(*made);
  auto netlink = Netlink::open();
  REQUIRE(netlink);
  REQUIRE(netlink->bring_up("lo", ""));
  REQUIRE(netlink->bring_up("up0", ""));
  REQUIRE(netlink->add_address("up0", host_address, Netlink::Reach::everywhere));
  REQUIRE(netlink->add_host_route("up0", server_address));
  REQUIRE(netlink->add_default_route("up0", server_address));
}

void Internet::add_address(const std::string& address) {
  bool is_added = false;
  in_namespace(name_space(), [&] {
    auto netlink = Netlink::open();
    is_added = netlink && netlink->add_address("eth0", address, Netlink::Reach::everywhere);
  });
  REQUIRE(is_added);
}

NetworkOptions options_of(const std::string& tag) {
  NetworkOptions options;
  options.tag = tag;
  options.pool = "10.77.0.0/16";
  options.resolvers = {"198.51.100.53"};
  return options;
}

GuestNetworkRequest request_of(int slot, NetworkPolicy policy) {
  GuestNetworkRequest request;
  request.vm = "3f0e7a52-0000-4000-8000-00000000000" + std::to_string(slot);
  request.slot = slot;
  request.address = "10.77.0." + std::to_string(slot + 1);
  request.network.policy = policy;
  return request;
}

void wait_for_packets_of(const GuestNetwork& guest) {
  const auto host = own_namespace();
  REQUIRE(host);
  const auto there = Socket::bound(guest.device.get(), SOCK_DGRAM, guest.address, 0);
  const auto here = Socket::bound(host->get(), SOCK_DGRAM, "", 0);
  here.send("there", guest.address, there.port());
  const auto received = there.receive();
  there.send("and back", received.address, received.port);
  REQUIRE(here.receive().text == "and back");
}

}  // namespace aerie::network::testing
