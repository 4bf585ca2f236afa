#include "runtime/drivers/guest_media.hpp"

#include <utility>

namespace aerie {
namespace {

constexpr std::size_t most_epochs = 256;
constexpr std::chrono::seconds between_looks{5};  // whatever a guest says

std::string text_in(const Json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

GuestMedia::GuestMedia(Reactor& reactor, network::GuestNetworks* networks,
                       network::GuestNetwork network, OnNetwork on_network)
    : reactor_(reactor),
      networks_(networks),
      network_(std::move(network)),
      on_network_(std::move(on_network)) {}

std::optional<Json> GuestMedia::pass(Json body) {
  if (body.is_object() && text_in(body, "type") == "peer") {
    const auto number = body.find("epoch");
    const auto epoch = number != body.end() && number->is_number_unsigned()
                           ? number->get<std::uint64_t>()
                           : std::uint64_t{0};
    const auto state = text_in(body, "state");
    if (state == "connected") {
      connected_.insert(epoch);
      if (connected_.size() > most_epochs) connected_.erase(connected_.begin());
      if (std::exchange(has_failed_, false)) on_network_(std::nullopt);
    } else if (state == "failed" && !connected_.contains(epoch)) {
      look_at_network();
    }
  }
  return network_.media.map_message(std::move(body));
}

void GuestMedia::look_at_network() {
  const auto now = std::chrono::steady_clock::now();
  const bool is_soon =
      looked_at_.time_since_epoch().count() != 0 && now - looked_at_ < between_looks;
  if (networks_ == nullptr || network_.interface.empty() || is_looking_ || is_soon) return;
  is_looking_ = true;
  looked_at_ = now;
  networks_->check(network_.interface, network_.address,
                   [weak = weak_from_this(), &reactor = reactor_](std::optional<Cause> failure) {
                     reactor.post([weak, failure = std::move(failure)] {
                       if (const auto self = weak.lock()) self->tell(failure);
                     });
                   });
}

void GuestMedia::tell(std::optional<Cause> failure) {
  is_looking_ = false;
  const bool had_failed = std::exchange(has_failed_, failure.has_value());
  if (failure || had_failed) on_network_(std::move(failure));
}

}  // namespace aerie
