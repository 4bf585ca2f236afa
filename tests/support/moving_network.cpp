#include "tests/support/moving_network.hpp"

#include <stdexcept>
#include <unistd.h>

#include "runtime/network/network_namespace.hpp"

namespace aerie::test {
namespace {

using network::Netlink;

void require(const Result<void>& done) {
  if (!done) throw std::runtime_error(done.error().message);
}

template <class T>
T require(Result<T> made) {
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(*made);
}

/// Several tests on one host must not meet: each process has names, addresses and ports of its own.
int own_number(int of) {
  return static_cast<int>(::getpid()) % of;
}

/// Of the range for tests of network devices (RFC 2544).
std::string own_address(int last) {
  return "198.18." + std::to_string(own_number(256)) + "." + std::to_string(last);
}

/// This host, over either link.
std::string host_address() {
  return own_address(1);
}

/// FIRST-LAST, for the guests' media.
std::string own_ports() {
  constexpr int count = 32;
  const int first = 50'100 + count * own_number(100);
  return std::to_string(first) + "-" + std::to_string(first + count - 1);
}

std::string inner(int number) {
  return "link" + std::to_string(number);
}

std::string outer(int number) {
  return "amv" + std::to_string(own_number(1'000'000)) + "-" + std::to_string(number);
}

std::string address(int number) {
  return own_address(10 + number);
}

}  // namespace

MovingNetwork::MovingNetwork() : outside_(require(Netlink::open())) {
  const auto host = require(network::own_namespace());
  require(network::in_fresh_namespace([&]() -> Result<void> {
    auto own = network::own_namespace();
    if (!own) return tl::unexpected(own.error());
    namespace_ = std::move(*own);
    if (!network::read_setting("ipv6/conf/default/disable_ipv6").empty())
      if (auto off = network::write_setting("ipv6/conf/default/disable_ipv6", "1"); !off)
        return off;
    auto netlink = Netlink::open();
    if (!netlink) return tl::unexpected(netlink.error());
    inside_ = std::move(*netlink);
    for (const int number : {0, 1})
      if (auto added = inside_->add_pair(inner(number), outer(number), host.get()); !added)
        return added;
    return inside_->bring_up("lo", "");
  }));
  require(outside_->add_address(outer(0), host_address(), Netlink::Reach::everywhere));
  for (const int number : {0, 1})
    lay_link(number);
  take_address(present_);
}

MovingNetwork::~MovingNetwork() {
  for (const int number : {0, 1})
    (void)outside_->remove_device(outer(number));
}

void MovingNetwork::lay_link(int number) {
  require(outside_->bring_up(outer(number), "a link of a test"));
  require(outside_->add_host_route(outer(number), address(number)));
  require(inside_->bring_up(inner(number), ""));
}

/// As on a device that has joined a network: its link stands before it has an address there.
void MovingNetwork::take_address(int number) {
  require(inside_->add_address(inner(number), address(number), Netlink::Reach::everywhere));
  require(inside_->add_default_route(inner(number), host_address()));
}

EmbeddedOptions MovingNetwork::controller() {
  EmbeddedOptions options;
  options.listen = host_address() + ":0";
  options.set = {{"http.behindProxy", "true"},
                 {"network.publicAddress", host_address()},
                 {"network.mediaPorts", own_ports()},
                 {"network.uplinks", Json{outer(0), outer(1)}.dump()},
                 {"log.level", "error"}};
  return options;
}

std::string MovingNetwork::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(namespace_.get());
}

void MovingNetwork::move() {
  require(inside_->bring_down(inner(present_)));  // and its routes are gone
  require(inside_->remove_address(inner(present_), address(present_)));
  take_address(1 - present_);
  require(inside_->bring_up(inner(present_), ""));  // without an address, for the next time
  present_ = 1 - present_;
}

}  // namespace aerie::test
