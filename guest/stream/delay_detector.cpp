#include "guest/stream/delay_detector.hpp"

#include <algorithm>
#include <cmath>

namespace aerie::stream {
namespace {

using namespace std::chrono_literals;

constexpr DelayDetector::Time burst = 5ms;  // packets sent within it are one group
constexpr auto slot_time = 100ms;           // of the minimum filters
constexpr std::int64_t base_slots = 100;    // the base delay is the smallest of 10 s
constexpr std::int64_t recent_slots = 3;
constexpr DelayDetector::Time least_queue = 15ms;

constexpr std::size_t most_points = 20;
constexpr std::size_t least_points = 10;
constexpr int most_groups = 60;
constexpr double gain = 4;
constexpr double smoothing = 0.9;

// Draft, table 1: how fast the threshold follows, and where it does not.
constexpr double follow_up = 0.01;
constexpr double follow_down = 0.00018;
constexpr double outlier_ms = 15;
constexpr double least_threshold = 6;
constexpr double most_threshold = 600;
constexpr double over_for_ms = 10;
constexpr double most_passed_ms = 100;

double in_ms(DelayDetector::Time time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

void DelayDetector::packet(Time sent, Time received) {
  note_least(received, received - sent);
  if (!group_) {
    group_ = Group{sent, sent, received};
    return;
  }
  if (sent < group_->first_sent) return;  // told late
  if (sent - group_->first_sent <= burst) {
    group_->sent = std::max(group_->sent, sent);
    group_->received = std::max(group_->received, received);
    return;
  }
  if (before_) compare(*before_, *group_);
  before_ = group_;
  group_ = Group{sent, sent, received};
}

void DelayDetector::note_least(Time received, Time delay) {
  const auto slot = received / slot_time;
  if (least_.empty() || slot > least_.back().slot)
    least_.push_back({slot, delay});
  else
    least_.back().delay = std::min(least_.back().delay, delay);
  while (least_.front().slot <= least_.back().slot - base_slots)
    least_.pop_front();
}

DelayDetector::Time DelayDetector::queue() const {
  if (least_.empty()) return 0ms;
  auto base = least_.back().delay;
  auto recent = least_.back().delay;
  for (const auto& least : least_) {
    base = std::min(base, least.delay);
    if (least.slot > least_.back().slot - recent_slots) recent = std::min(recent, least.delay);
  }
  return recent - base;
}

void DelayDetector::compare(const Group& before, const Group& after) {
  const double passed_ms = in_ms(after.sent - before.sent);
  delay_ += in_ms(after.received - before.received) - passed_ms;
  smoothed_ = smoothing * smoothed_ + (1 - smoothing) * delay_;
  groups_ = std::min(groups_ + 1, most_groups);
  points_.push_back({in_ms(after.received), smoothed_});
  if (points_.size() > most_points) points_.pop_front();
  if (points_.size() < least_points) return;
  double mean_at = 0;
  double mean_delay = 0;
  for (const auto& point : points_) {
    mean_at += point.at / static_cast<double>(points_.size());
    mean_delay += point.delay / static_cast<double>(points_.size());
  }
  double covariance = 0;
  double variance = 0;
  for (const auto& point : points_) {
    covariance += (point.at - mean_at) * (point.delay - mean_delay);
    variance += (point.at - mean_at) * (point.at - mean_at);
  }
  if (variance > 0) detect(covariance / variance, passed_ms);
}

void DelayDetector::detect(double slope, double passed_ms) {
  const double trend = slope * groups_ * gain;
  if (trend > threshold_) {
    over_ms_ += passed_ms;
    over_count_ += 1;
    const bool lasts = over_ms_ > over_for_ms && over_count_ > 1;
    if (lasts && slope >= slope_ && queue() >= least_queue) use_ = NetworkUse::over;
  } else {
    over_ms_ = 0;
    over_count_ = 0;
    use_ = trend < -threshold_ ? NetworkUse::under : NetworkUse::normal;
  }
  slope_ = slope;
  const double distance = std::abs(trend) - threshold_;
  if (distance > outlier_ms) return;
  threshold_ +=
      (distance < 0 ? follow_down : follow_up) * distance * std::min(passed_ms, most_passed_ms);
  threshold_ = std::clamp(threshold_, least_threshold, most_threshold);
}

}  // namespace aerie::stream
