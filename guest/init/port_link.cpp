#include "guest/init/port_link.hpp"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <unistd.h>

namespace aerie::init {
namespace {

constexpr std::size_t chunk = 32UL * 1024;

}  // namespace

Result<std::unique_ptr<MachineLink>> PortLink::open(Reactor& reactor, UniqueFd port,
                                                    LinkEvents events) {
  std::unique_ptr<PortLink> link{new PortLink{reactor, std::move(port), std::move(events)}};
  // Edge-triggered: without a host the port reports its hang-up for as long as one looks.
  auto watch = reactor.watch(link->port_.get(), EPOLLIN | EPOLLOUT | EPOLLET,
                             [self = link.get()](std::uint32_t) { self->on_port(); });
  if (!watch) return tl::unexpected(watch.error());
  link->watch_ = std::move(*watch);
  return link;
}

PortLink::PortLink(Reactor& reactor, UniqueFd port, LinkEvents events)
    : port_(std::move(port)), relay_(reactor, std::move(events), [this](std::string_view bytes) {
        return ::write(port_.get(), bytes.data(), bytes.size());
      }) {}

void PortLink::on_port() {
  relay_.flush();
  read_port();
  relay_.flush();
}

void PortLink::read_port() {
  std::array<char, chunk> buffer{};
  for (;;) {
    const auto count = ::read(port_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // nothing more for now
    if (count == 0) return relay_.host_gone();
    relay_.feed({buffer.data(), static_cast<std::size_t>(count)});
  }
}

}  // namespace aerie::init
