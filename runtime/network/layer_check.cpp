#include "runtime/network/layer_check.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <vector>

#include "runtime/network/netlink.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::network {
namespace {

constexpr std::uint16_t probed_port = 9;  // discard (RFC 863): nobody listens there

in_addr parsed(const std::string& text) {
  in_addr address{};
  ::inet_pton(AF_INET, text.c_str(), &address);
  return address;
}

sockaddr_in socket_address(const std::string& address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr = parsed(address);
  result.sin_port = htons(port);
  return result;
}

/// The checksum of RFC 1071.
std::uint16_t internet_checksum(const void* data, std::size_t bytes) {
  const auto* at = static_cast<const unsigned char*>(data);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes; i += 2)
    sum += static_cast<std::uint32_t>(at[i] << 8 | at[i + 1]);
  while (sum >> 16 != 0)
    sum = (sum & 0xFFFF) + (sum >> 16);
  return htons(static_cast<std::uint16_t>(~sum));
}

std::string remedy_for(Layer layer) {
  switch (layer) {
    case Layer::device:
      return "Start a new session; find out who removed or stopped the device.";
    case Layer::address:
      return "Find out who changed addresses or routes of this host (ip addr, ip route).";
    case Layer::arp:
      return "Look at the guest's own device and address; it may have lost them.";
    case Layer::ip:
      return "Look for packet filters of this host or in the guest that drop IP (nft list "
             "ruleset).";
    case Layer::tcp:
      return "Look for packet filters of this host or in the guest that drop TCP (nft list "
             "ruleset).";
  }
  return {};
}

class Run : public std::enable_shared_from_this<Run> {
 public:
  Run(Reactor& reactor, LayerCheck::Subject subject, LayerCheck::Done done)
      : reactor_(reactor), subject_(std::move(subject)), done_(std::move(done)) {}

  void begin() {
    auto netlink = Netlink::open();
    if (!netlink) return finish(netlink.error());
    if (auto checked = check_device(*netlink); !checked) return finish(checked.error());
    if (auto checked = check_address(*netlink); !checked) return finish(checked.error());
    ask(Layer::arp);
  }

 private:
  [[nodiscard]] Cause failed(Layer layer, const std::string& what) const {
    return {CauseKind::network_failed,
            "The network of the guest at " + subject_.address + " fails at the layer " +
                std::string{to_string(layer)} + ": " + what + ".",
            remedy_for(layer), evidence_};
  }

  Result<void> check_device(Netlink& netlink) {
    const auto device = netlink.find_device(subject_.interface);
    if (!device) return tl::unexpected(device.error());
    const auto fails = [&](const std::string& what) {
      return tl::unexpected(failed(Layer::device, what));
    };
    if (!*device) return fails("there is no device " + subject_.interface);
    if (!(*device)->is_up) return fails("the device " + subject_.interface + " is down");
    if (!(*device)->has_carrier)
      return fails("the guest's end of " + subject_.interface + " is down or gone");
    index_ = (*device)->index;
    evidence_.push_back("device: " + subject_.interface + " is up, and so is its other end");
    return {};
  }

  Result<void> check_address(Netlink& netlink) {
    const auto addresses = netlink.addresses_of(subject_.interface);
    if (!addresses) return tl::unexpected(addresses.error());
    if (std::find(addresses->begin(), addresses->end(), subject_.next_hop) == addresses->end())
      return tl::unexpected(failed(
          Layer::address, subject_.interface + " has lost the address " + subject_.next_hop));
    const auto route = netlink.host_route_of(subject_.address);
    if (!route) return tl::unexpected(route.error());
    if (*route != subject_.interface)
      return tl::unexpected(
          failed(Layer::address, route->empty() ? "there is no route to " + subject_.address
                                                : subject_.address + " is routed to " + *route));
    evidence_.push_back("address: " + subject_.address + " is routed to " + subject_.interface);
    return {};
  }

  /// Sends what the layer answers, and waits for the answer.
  void ask(Layer layer) {
    layer_ = layer;
    const bool is_sent = layer == Layer::arp  ? send_arp()
                         : layer == Layer::ip ? send_echo()
                                              : send_connection();
    if (!is_sent) return finish(failed(layer, std::strerror(errno)));
    const std::uint32_t events = layer == Layer::tcp ? EPOLLOUT : EPOLLIN;
    auto watch = reactor_.watch(socket_.get(), events,
                                [self = shared_from_this()](std::uint32_t) { self->on_ready(); });
    if (!watch) return finish(watch.error());
    watch_ = std::move(*watch);
    timer_ = reactor_.after(LayerCheck::longest_answer, [self = shared_from_this()] {
      self->finish(self->failed(self->layer_, self->silence()));
    });
  }

  [[nodiscard]] std::string silence() const {
    const auto within = " within " + std::to_string(LayerCheck::longest_answer.count()) + " ms";
    if (layer_ == Layer::arp) return "nobody answers for " + subject_.address + within;
    if (layer_ == Layer::ip) return "no echo came back" + within;
    return "a connection to port " + std::to_string(probed_port) + " was not answered" + within;
  }

  void on_ready() {
    const bool is_answered = layer_ == Layer::arp  ? is_arp_answer()
                             : layer_ == Layer::ip ? is_echo()
                                                   : is_connection_answered();
    if (ended_ || !is_answered) return;
    const auto keep = shared_from_this();  // the watch's callback holds this, and goes
    watch_.reset();
    socket_.reset();
    reactor_.cancel(timer_);
    if (layer_ == Layer::arp) {
      evidence_.push_back("ARP: " + subject_.address + " answers");
      return ask(Layer::ip);
    }
    if (layer_ == Layer::ip) {
      evidence_.push_back("IP: an echo came back");
      return ask(Layer::tcp);
    }
    finish(std::nullopt);
  }

  bool send_arp() {
    socket_.reset(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ARP)));
    if (!socket_) return false;
    sockaddr_ll place{};
    place.sll_family = AF_PACKET;
    place.sll_protocol = htons(ETH_P_ARP);
    place.sll_ifindex = index_;
    if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&place), sizeof place) != 0) return false;
    ifreq device{};
    subject_.interface.copy(device.ifr_name, IFNAMSIZ - 1);
    if (::ioctl(socket_.get(), SIOCGIFHWADDR, &device) != 0) return false;
    ether_arp request{};
    request.arp_hrd = htons(ARPHRD_ETHER);
    request.arp_pro = htons(ETH_P_IP);
    request.arp_hln = ETH_ALEN;
    request.arp_pln = sizeof(in_addr);
    request.arp_op = htons(ARPOP_REQUEST);
    std::memcpy(request.arp_sha, device.ifr_hwaddr.sa_data, ETH_ALEN);
    const auto own = parsed(subject_.next_hop);
    const auto wanted = parsed(subject_.address);
    std::memcpy(request.arp_spa, &own, sizeof own);
    std::memcpy(request.arp_tpa, &wanted, sizeof wanted);
    place.sll_halen = ETH_ALEN;
    std::memset(place.sll_addr, 0xFF, ETH_ALEN);
    return ::sendto(socket_.get(), &request, sizeof request, 0, reinterpret_cast<sockaddr*>(&place),
                    sizeof place) > 0;
  }

  bool is_arp_answer() {
    ether_arp answer{};
    const auto wanted = parsed(subject_.address);
    const auto count = ::recv(socket_.get(), &answer, sizeof answer, 0);
    return count >= static_cast<ssize_t>(sizeof answer) && ntohs(answer.arp_op) == ARPOP_REPLY &&
           std::memcmp(answer.arp_spa, &wanted, sizeof wanted) == 0;
  }

  bool send_echo() {
    socket_.reset(::socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP));
    if (!socket_) return false;
    const auto place = socket_address(subject_.address, 0);
    // Only what the guest says, and on its own device, wherever the routes lead.
    if (::setsockopt(socket_.get(), SOL_SOCKET, SO_BINDTODEVICE, subject_.interface.c_str(),
                     static_cast<socklen_t>(subject_.interface.size())) != 0 ||
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0)
      return false;
    icmphdr request{};
    request.type = ICMP_ECHO;
    request.un.echo.id = htons(static_cast<std::uint16_t>(index_));
    request.checksum = internet_checksum(&request, sizeof request);
    return ::send(socket_.get(), &request, sizeof request, 0) > 0;
  }

  bool is_echo() {
    std::array<unsigned char, 256> packet{};
    const auto count = ::recv(socket_.get(), packet.data(), packet.size(), 0);
    const auto header = static_cast<std::size_t>(packet[0] & 0xF) * 4;  // of IP, in 32-bit words
    if (count < 0 || static_cast<std::size_t>(count) < header + sizeof(icmphdr)) return false;
    icmphdr answer{};
    std::memcpy(&answer, packet.data() + header, sizeof answer);
    return answer.type == ICMP_ECHOREPLY &&
           answer.un.echo.id == htons(static_cast<std::uint16_t>(index_));
  }

  bool send_connection() {
    socket_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) return false;
    const auto place = socket_address(subject_.address, probed_port);
    const auto* target = reinterpret_cast<const sockaddr*>(&place);
    return ::connect(socket_.get(), target, sizeof place) == 0 || errno == EINPROGRESS;
  }

  /// A refusal is an answer; that it can't be reached is none.
  bool is_connection_answered() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0 || error == ECONNREFUSED) return true;
    finish(failed(Layer::tcp, std::string{"a connection failed: "} + std::strerror(error)));
    return false;
  }

  void finish(std::optional<Cause> failure) {
    if (ended_) return;
    ended_ = true;
    const auto keep = shared_from_this();
    reactor_.cancel(timer_);
    watch_.reset();
    socket_.reset();
    done_(std::move(failure));
  }

  Reactor& reactor_;
  LayerCheck::Subject subject_;
  LayerCheck::Done done_;
  std::vector<std::string> evidence_;
  int index_ = 0;
  Layer layer_ = Layer::device;
  UniqueFd socket_;
  Watch watch_;
  TimerId timer_;
  bool ended_ = false;
};

}  // namespace

std::string_view to_string(Layer layer) {
  constexpr std::array<std::string_view, 5> names{"device", "address", "ARP", "IP", "TCP"};
  return names[static_cast<std::size_t>(layer)];
}

void LayerCheck::run(Reactor& reactor, Subject subject, Done done) {
  std::make_shared<Run>(reactor, std::move(subject), std::move(done))->begin();
}

}  // namespace aerie::network
