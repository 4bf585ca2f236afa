#include "guest/stream/congestion_controller.hpp"

#include <algorithm>
#include <cmath>

namespace aerie::stream {
namespace {

using namespace std::chrono_literals;
using Time = CongestionController::Time;

constexpr Time window = 500ms;  // over which rates are measured
constexpr Time least_window = 150ms;
constexpr std::size_t most_history = 4096;

constexpr double back_off = 0.85;
constexpr double deep_back_off = 0.5;  // where a queue has to be emptied that everybody notices
constexpr Time deep_queue = 200ms;
constexpr Time empty_queue = 20ms;
constexpr Time flood_queue = 30ms;
constexpr double flood_share = 0.7;  // of what is sent arrives
constexpr Time back_off_pause = 200ms;
constexpr double growth = 1.08;  // a second
constexpr double quick_growth = 1.3;
constexpr Time calm_after = 5s;
constexpr double most_of_received = 1.5;
constexpr double spare_bits = 10'000;
constexpr double near_ceiling = 0.1;
constexpr double packet_bits = 1200 * 8;
constexpr double least_step = 1'000;

constexpr double harmful_loss = 0.10;
constexpr double harmless_loss = 0.02;
constexpr double heavy_loss = 0.20;
constexpr double most_inherent = 0.15;
constexpr Time loss_interval = 500ms;
constexpr int least_counted = 20;
constexpr Time loss_memory = 10s;

double in_seconds(Time time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

void CongestionController::set_most(int most) {
  const bool was_limited = is_limited();
  limits_.most = std::max(most, limits_.least);
  target_ = was_limited ? std::min<double>(target_, limits_.most) : limits_.most;
}

void CongestionController::report(Time now, const std::vector<PacketReport>& packets) {
  bool is_news = false;
  for (const auto& packet : packets) {
    if (packet.sent < deaf_until_) continue;
    note(packet);
    is_news = is_news || packet.received;
    if (packet.received) response_ = now - packet.sent;
  }
  if (!is_news) return;
  const auto measured = rates();
  mind_loss(now, measured);
  mind_delay(now, measured);
}

void CongestionController::note(const PacketReport& packet) {
  // A packet that was overtaken is told lost first.
  const auto same = std::find_if(history_.rbegin(), history_.rend(),
                                 [&](const auto& each) { return each.number == packet.number; });
  if (same != history_.rend()) {
    if (same->received || !packet.received) return;
    if (lost_ > 0) --lost_;
    same->received = packet.received;
    return;
  }
  history_.push_back(packet);
  if (packet.received) delays_.packet(packet.sent, *packet.received);
  if (packet.sent >= decreased_at_.value_or(Time{})) {  // the rest was lost at a former rate
    ++counted_;
    if (!packet.received) ++lost_;
  }
  const auto is_old = [&](const PacketReport& each) {
    return each.sent < packet.sent - window &&
           (!each.received || !packet.received || *each.received < *packet.received - window);
  };
  while (history_.size() > most_history || is_old(history_.front()))
    history_.pop_front();
}

CongestionController::Rates CongestionController::rates() const {
  std::optional<Time> last_sent;
  std::optional<Time> last_received;
  for (const auto& packet : history_) {
    last_sent = std::max(last_sent.value_or(packet.sent), packet.sent);
    if (packet.received)
      last_received = std::max(last_received.value_or(*packet.received), *packet.received);
  }
  Rates result;
  if (!last_received) return result;
  auto first_sent = *last_sent;
  auto first_received = *last_received;
  double sent = 0;
  double received = 0;
  for (const auto& packet : history_) {
    if (packet.sent >= *last_sent - window) {
      sent += packet.bytes * 8.0;
      first_sent = std::min(first_sent, packet.sent);
    }
    if (packet.received && *packet.received >= *last_received - window) {
      received += packet.bytes * 8.0;
      first_received = std::min(first_received, *packet.received);
    }
  }
  // Frames come in bursts, so a share of a frame's time is added to what lies between them.
  result.sent = sent / in_seconds(std::max(*last_sent - first_sent, least_window));
  result.received = received / in_seconds(std::max(*last_received - first_received, least_window));
  result.is_known = *last_received - first_received >= least_window;
  return result;
}

void CongestionController::mind_delay(Time now, const Rates& rates) {
  const bool flooded = is_flooded(rates);
  if (flooded || delays_.use() == NetworkUse::over) return slow_down(now, rates, flooded);
  if (is_draining_ && ceiling_ && delays_.queue() < empty_queue) {
    is_draining_ = false;
    changed_at_ = now;
    target_ =
        std::clamp<double>(std::max(target_, back_off * *ceiling_), limits_.least, limits_.most);
  }
  if (delays_.use() == NetworkUse::normal && loss_allows_more_)
    increase(now, rates);
  else
    changed_at_ = now;
}

bool CongestionController::is_flooded(const Rates& rates) const {
  return rates.is_known && delays_.queue() >= flood_queue &&
         rates.received < flood_share * rates.sent;
}

void CongestionController::slow_down(Time now, const Rates& rates, bool is_flooded) {
  if (decreased_at_ && now - *decreased_at_ < back_off_pause) return;
  const bool little_is_sent = rates.received >= 0.9 * rates.sent && rates.sent < 0.8 * target_;
  if (!rates.is_known || little_is_sent) {
    // What a former rate did is no reason.
    if (history_.back().sent >= decreased_at_.value_or(Time{})) decrease(now, back_off * target_);
    return;
  }
  ceiling_ = rates.received;
  is_draining_ = is_flooded || delays_.queue() > deep_queue;
  decrease(now, std::min(target_, (is_draining_ ? deep_back_off : back_off) * rates.received));
}

void CongestionController::mind_loss(Time now, const Rates& rates) {
  if (counted_since_ == Time{}) counted_since_ = now;
  if (now - counted_since_ < loss_interval || counted_ < least_counted) return;
  loss_ = static_cast<double>(lost_) / counted_;
  counted_ = 0;
  lost_ = 0;
  counted_since_ = now;
  losses_.push_back({now, loss_});
  while (losses_.front().at < now - loss_memory)
    losses_.pop_front();
  const double inherent = inherent_loss();
  const double avoidable = loss_ - inherent;
  loss_allows_more_ = avoidable <= harmless_loss;
  // Whether it remains at less is tried now and then: a full queue loses at any rate above its own.
  const bool is_untried =
      inherent > harmless_loss && (!decreased_at_ || now - *decreased_at_ > loss_memory);
  if (is_untried && rates.is_known) return decrease(now, back_off * rates.received);
  if (avoidable <= harmful_loss) return;
  const double less = target_ * (1 - 0.5 * avoidable);
  const bool is_rate_known = avoidable > heavy_loss && rates.is_known;
  if (is_rate_known) ceiling_ = rates.received;
  decrease(now, is_rate_known ? std::min(target_, back_off * rates.received) : less);
}

double CongestionController::inherent_loss() const {
  double least = most_inherent;
  for (const auto& loss : losses_)
    least = std::min(least, loss.share);
  return least;
}

void CongestionController::decrease(Time now, double target) {
  target_ = std::clamp<double>(target, limits_.least, limits_.most);
  decreased_at_ = now;
  changed_at_ = now;
}

void CongestionController::increase(Time now, const Rates& rates) {
  const double passed = std::min(in_seconds(now - changed_at_), 1.0);
  changed_at_ = now;
  if (target_ >= most_of_received * rates.received + spare_bits) return;
  if (ceiling_ && target_ > *ceiling_ * (1 + near_ceiling)) ceiling_.reset();
  if (ceiling_ && target_ > *ceiling_ * (1 - near_ceiling)) {
    const double response = 0.1 + in_seconds(response_.value_or(100ms));
    target_ += std::max(least_step * passed, 0.5 * packet_bits * std::min(passed / response, 1.0));
  } else {
    const bool is_calm = !decreased_at_ || now - *decreased_at_ > calm_after;
    target_ *= std::pow(is_calm || ceiling_ ? quick_growth : growth, passed);
  }
  target_ = std::clamp<double>(target_, limits_.least, limits_.most);
}

void CongestionController::silence(Time now) {
  if (!history_.empty()) target_ = std::max<double>(target_ / 2, limits_.least);
  deaf_until_ = now;
  history_.clear();
  delays_.reset();
  losses_.clear();
  is_draining_ = false;
  counted_ = 0;
  lost_ = 0;
  counted_since_ = Time{};
  loss_allows_more_ = true;
  changed_at_ = now;
}

}  // namespace aerie::stream
