#include "runtime/drivers/guest_media.hpp"

#include <utility>

namespace aerie {
namespace {

constexpr std::size_t most_epochs = 256;
constexpr std::chrono::seconds between_looks{5};  // whatever a guest says
// A VMM that ends takes its device along, and its end is the better cause.
constexpr Duration longest_ending{50};

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

GuestMedia::~GuestMedia() {
  reactor_.cancel(look_timer_);
  if (networks_ != nullptr && !network_.interface.empty()) networks_->unwatch(network_.interface);
}

void GuestMedia::watch_device() {
  if (networks_ == nullptr || network_.interface.empty()) return;
  networks_->watch(network_.interface, [weak = weak_from_this(), &reactor = reactor_] {
    reactor.post([weak] {
      const auto self = weak.lock();
      if (!self) return;
      self->reactor_.cancel(self->look_timer_);
      self->look_timer_ = self->reactor_.after(longest_ending, [weak] {
        if (const auto still = weak.lock()) still->look_at_network();
      });
    });
  });
}

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
      look_after_peer();
    }
  }
  return network_.media.map_message(std::move(body));
}

void GuestMedia::look_after_peer() {
  const auto now = std::chrono::steady_clock::now();
  const bool is_soon =
      looked_at_.time_since_epoch().count() != 0 && now - looked_at_ < between_looks;
  if (is_soon) return;
  looked_at_ = now;
  look_at_network();
}

void GuestMedia::look_at_network() {
  if (networks_ == nullptr || network_.interface.empty()) return;
  has_changed_ = is_looking_;
  if (std::exchange(is_looking_, true)) return;
  networks_->check(network_.interface, network_.address,
                   [weak = weak_from_this(), &reactor = reactor_](std::optional<Cause> failure) {
                     reactor.post([weak, failure = std::move(failure)] {
                       if (const auto self = weak.lock()) self->tell(failure);
                     });
                   });
}

void GuestMedia::tell(std::optional<Cause> failure) {
  is_looking_ = false;
  if (std::exchange(has_changed_, false)) return look_at_network();
  const bool had_failed = std::exchange(has_failed_, failure.has_value());
  if (failure || had_failed) on_network_(std::move(failure));
}

}  // namespace aerie
