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

/// This host, over either link.
constexpr const char* host_address = "198.51.100.1";

std::string inner(int number) {
  return "link" + std::to_string(number);
}

/// Several tests of one host must not meet.
std::string outer(int number) {
  return "amv" + std::to_string(::getpid() % 1'000'000) + "-" + std::to_string(number);
}

std::string address(int number) {
  return "198.51.100." + std::to_string(10 + number);
}

}  // namespace

MovingNetwork::MovingNetwork() : outside_(require(Netlink::open())) {
  const auto host = require(network::own_namespace());
  require(network::in_fresh_namespace([&]() -> Result<void> {
    auto own = network::own_namespace();
    if (!own) return tl::unexpected(own.error());
    namespace_ = std::move(*own);
    auto netlink = Netlink::open();
    if (!netlink) return tl::unexpected(netlink.error());
    inside_ = std::move(*netlink);
    for (const int number : {0, 1})
      if (auto added = inside_->add_pair(inner(number), outer(number), host.get()); !added)
        return added;
    return inside_->bring_up("lo", "");
  }));
  require(outside_->add_address(outer(0), host_address, Netlink::Reach::everywhere));
  for (const int number : {0, 1})
    lay_link(number);
  bring_up(present_);
}

MovingNetwork::~MovingNetwork() {
  for (const int number : {0, 1})
    (void)outside_->remove_device(outer(number));
}

void MovingNetwork::lay_link(int number) {
  require(outside_->bring_up(outer(number), "a link of a test"));
  require(outside_->add_host_route(outer(number), address(number)));
  require(inside_->add_address(inner(number), address(number), Netlink::Reach::everywhere));
}

void MovingNetwork::bring_up(int number) {
  require(inside_->bring_up(inner(number), ""));
  require(inside_->add_default_route(inner(number), host_address));
}

EmbeddedOptions MovingNetwork::controller() {
  EmbeddedOptions options;
  options.listen = std::string(host_address) + ":0";
  options.set = {
      {"guests.hostNetwork", "true"}, {"http.behindProxy", "true"}, {"log.level", "error"}};
  return options;
}

std::string MovingNetwork::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(namespace_.get());
}

/// The routes of a link that is down are gone.
void MovingNetwork::move() {
  require(inside_->bring_down(inner(present_)));
  present_ = 1 - present_;
  bring_up(present_);
}

}  // namespace aerie::test
