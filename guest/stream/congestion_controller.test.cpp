#include "guest/stream/congestion_controller.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <random>

using namespace std::chrono_literals;
using namespace aerie::stream;

namespace {

using Time = CongestionController::Time;

constexpr int least = 150'000;
constexpr int most = 7'000'000;

/// A way through a network, and a sender of video at its end: 1 ms steps of virtual time.
class Simulation {
 public:
  std::function<double(Time)> rate = [](Time) { return 100e6; };  ///< bit/s; 0: an outage
  std::size_t queue_bytes = 64 * 1024;
  Time delay = 20ms;
  Time jitter = 0ms;  ///< more or less than `delay`; packets stay in order
  double loss = 0;
  double demand = 1;  ///< the share of the target that the sender makes

  explicit Simulation(unsigned seed = 1) : random_(seed) {}

  void run_until(Time end) {
    for (; now_ < end; now_ += 1ms) {
      make_frame();
      send();
      if (now_ % 50ms == 0ms) feed_back();
      tell();
    }
  }
  [[nodiscard]] int target() const { return controller.target(); }

  CongestionController controller{{least, most}};
  Time most_waiting{};  ///< in the network's queue, since it was last reset

 private:
  void make_frame() {
    if (now_ % 33ms != 0ms) return;
    for (double bits = demand * controller.target() * 0.033; bits > 0; bits -= 9600)
      waiting_.push_back(static_cast<std::uint32_t>(std::min(bits, 9600.0) / 8) + 1);
  }

  void send() {
    const double pace = controller.is_limited() ? 1.25 * controller.target() : 1e9;
    allowance_ = std::min(allowance_ + pace / 1000, pace / 100);
    for (; !waiting_.empty() && allowance_ > 0; waiting_.pop_front()) {
      allowance_ -= waiting_.front() * 8.0;
      deliver({next_number_++, waiting_.front(), now_, std::nullopt});
    }
  }

  /// Puts a packet into the bottleneck's queue, if there is room.
  void deliver(PacketReport packet) {
    sent_[packet.number] = packet;
    const double present = rate(now_);
    const bool is_lost = std::uniform_real_distribution{}(random_) < loss;
    free_at_ = std::max(free_at_, now_);
    const auto waits = free_at_ - now_;
    const double waiting_bytes = std::chrono::duration<double>(waits).count() * present / 8;
    if (is_lost || present <= 0 || waiting_bytes + packet.bytes > double(queue_bytes)) return;
    most_waiting = std::max(most_waiting, waits);
    free_at_ += Time{static_cast<std::int64_t>(packet.bytes * 8e6 / present)};
    const auto spread = static_cast<double>(jitter.count());
    const Time extra{
        static_cast<std::int64_t>(std::uniform_real_distribution{-spread, spread}(random_))};
    arrived_at_ = std::max(arrived_at_, free_at_ + delay + extra);
    arrivals_[packet.number] = arrived_at_;
  }

  /// What came until now, and what is missing in between.
  void feed_back() {
    std::vector<PacketReport> reports;
    std::uint32_t last = 0;
    for (const auto& [number, at] : arrivals_)
      if (at <= now_) last = number + 1;
    for (; next_told_ < last; ++next_told_) {
      auto report = sent_[next_told_];
      if (const auto found = arrivals_.find(next_told_); found != arrivals_.end())
        report.received = found->second + 12345s;  // another clock
      reports.push_back(report);
    }
    if (!reports.empty()) on_the_way_back_[now_ + delay] = reports;
  }

  void tell() {
    while (!on_the_way_back_.empty() && on_the_way_back_.begin()->first <= now_) {
      controller.report(now_, on_the_way_back_.begin()->second);
      on_the_way_back_.erase(on_the_way_back_.begin());
    }
  }

  std::mt19937 random_;
  Time now_ = 1s;
  std::deque<std::uint32_t> waiting_;
  double allowance_ = 0;
  std::uint32_t next_number_ = 0;
  std::uint32_t next_told_ = 0;
  std::map<std::uint32_t, PacketReport> sent_;
  std::map<std::uint32_t, Time> arrivals_;
  Time free_at_{};
  Time arrived_at_{};
  std::map<Time, std::vector<PacketReport>> on_the_way_back_;
};

}  // namespace

TEST_CASE("the estimate stays at the most while the network takes it", "[congestion]") {
  Simulation network;
  network.run_until(60s);
  CHECK(network.target() == most);
  CHECK_FALSE(network.controller.is_limited());
  CHECK(network.controller.loss() == 0);
}

TEST_CASE("the estimate comes below a bottleneck and stays near it", "[congestion]") {
  const double bottleneck = GENERATE(300e3, 1e6, 3e6, 5e6);
  const double queue = GENERATE(0.05, 0.3, 2.0);  // s
  Simulation network;
  network.rate = [=](Time) { return bottleneck; };
  network.queue_bytes = static_cast<std::size_t>(std::max(queue * bottleneck / 8, 6000.0));
  CAPTURE(bottleneck, queue);
  network.run_until(31s);
  network.most_waiting = 0ms;
  for (auto end = 32s; end <= 91s; end += 1s) {
    network.run_until(end);
    CAPTURE(end.count());
    CHECK(network.target() < (queue < 0.1 ? 1.3 : 1.2) * bottleneck);
    CHECK(network.target() > 0.4 * bottleneck);
  }
  CHECK(network.most_waiting < (bottleneck < 1e6 ? 800ms : 400ms));
}

TEST_CASE("the estimate follows a rate that drops within 1 s, and one that rises", "[congestion]") {
  Simulation network;
  network.rate = [](Time now) { return now > 10s && now < 25s ? 1e6 : 20e6; };
  network.run_until(10s);
  REQUIRE(network.target() == most);
  network.run_until(11s);
  CHECK(network.target() < 0.6e6);
  CHECK(network.controller.is_draining());
  network.run_until(13s);
  CHECK(network.target() > 0.7e6);
  CHECK(network.target() < 1e6);
  network.run_until(25s);
  CHECK(network.target() < 1.15e6);
  network.run_until(45s);
  CHECK(network.target() > 5e6);
}

TEST_CASE("jitter alone is no reason to send less", "[congestion]") {
  const unsigned seed = GENERATE(1U, 2U, 3U, 4U, 5U);
  const double demand = GENERATE(0.1, 1.0);
  Simulation network{seed};
  network.demand = demand;
  network.delay = 100ms;
  network.jitter = 30ms;
  CAPTURE(seed, demand);
  int lowest = most;
  for (auto end = 2s; end <= 60s; end += 1s) {
    network.run_until(end);
    lowest = std::min(lowest, network.target());
  }
  CHECK(lowest > 0.7 * most);
}

TEST_CASE("loss that no rate avoids does not stop the stream", "[congestion]") {
  const double loss = GENERATE(0.02, 0.1);
  Simulation network;
  network.loss = loss;
  for (auto end = 2s; end <= 60s; end += 1s) {
    network.run_until(end);
    CHECK_FALSE(network.controller.is_draining());
  }
  CHECK(network.target() > 0.5 * most);
  CHECK(network.controller.loss() == Approx(loss).margin(0.05));
}

TEST_CASE("a bottleneck is found behind loss as well", "[congestion]") {
  Simulation network;
  network.loss = 0.05;
  network.rate = [](Time) { return 1e6; };
  network.queue_bytes = GENERATE(10 * 1024, 64 * 1024);
  network.run_until(4s);
  CHECK(network.target() < 1.1e6);
  network.run_until(60s);
  CHECK(network.target() < 1.15e6);
  CHECK(network.target() > 0.4e6);
}

TEST_CASE("after an outage the estimate comes back", "[congestion]") {
  Simulation network;
  network.rate = [](Time now) { return now > 10s && now < 13s ? 0 : 20e6; };
  network.run_until(10600ms);
  network.controller.silence(10600ms);
  const int halved = network.target();
  CHECK(halved == most / 2);
  network.run_until(13s);
  network.controller.silence(13s);
  CHECK(network.target() == halved);
  network.run_until(20s);
  CHECK(network.target() > 0.9 * most);
}

TEST_CASE("the estimate never leaves its limits, whatever is told", "[congestion]") {
  std::mt19937 random{7};
  CongestionController controller{{least, most}};
  Time now = 1s;
  std::uint32_t number = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<PacketReport> reports;
    for (auto left = random() % 20; left > 0; --left) {
      PacketReport report{number, static_cast<std::uint32_t>(random() % 3000),
                          now - Time{random() % 10'000'000}, std::nullopt};
      if (random() % 3 != 0) report.received = Time{random()} * 1000;
      reports.push_back(report);
      number += static_cast<std::uint32_t>(random() % 3);
    }
    controller.report(now, reports);
    if (random() % 50 == 0) controller.silence(now);
    REQUIRE(controller.target() >= least);
    REQUIRE(controller.target() <= most);
    now += Time{random() % 300'000};
  }
}
