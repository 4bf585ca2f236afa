#include "tests/sim/plan.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "tests/sim/random.hpp"

namespace aerie::sim {
namespace {

constexpr Duration eventful{150'000};  // operations happen within; what follows is peace

/// How often each act is drawn.
constexpr std::array<std::pair<Act, int>, 20> weights{{
    {Act::create, 4},      {Act::remove, 8},          {Act::remove_forced, 4},
    {Act::join, 10},       {Act::leave, 5},           {Act::hold, 7},
    {Act::clear, 5},       {Act::child_crashes, 5},   {Act::child_given_up, 2},
    {Act::guest_exits, 4}, {Act::link_lost, 2},       {Act::guest_is_mute, 2},
    {Act::start_fails, 2}, {Act::release_fails, 1},   {Act::disk_full, 2},
    {Act::disk_slow, 3},   {Act::stall, 5},           {Act::session_dies, 1},
    {Act::reaper_dies, 2}, {Act::controller_dies, 2},
}};

Act draw_act(Random& random) {
  int total = 0;
  for (const auto& [act, weight] : weights)
    total += weight;
  auto drawn = static_cast<int>(random.below(static_cast<std::size_t>(total)));
  for (const auto& [act, weight] : weights)
    if ((drawn -= weight) < 0) return act;
  return Act::create;
}

Operation draw_operation(Random& random) {
  Operation operation;
  operation.act = draw_act(random);
  // Half of all happens close together: races need company.
  operation.at = random.one_in(2) ? random.between(Duration{0}, eventful)
                                  : random.between(Duration{0}, Duration{40'000});
  operation.target = random.next() % 64;
  operation.number = random.next() % 40'000;
  return operation;
}

std::string ordinal(const char* what, std::uint64_t target) {
  return std::string{what} + " #" + std::to_string(target);
}

}  // namespace

Plan make_plan(std::uint64_t seed) {
  Random random{seed};
  Plan plan;
  plan.schedule = random.next() | 1U;
  plan.warm = random.one_in(8) ? 1 : 0;
  const auto sessions = 1 + random.below(3);
  for (std::size_t i = 0; i < sessions; ++i)
    plan.operations.push_back({random.between(Duration{0}, Duration{3'000}), Act::create, 0, 0});
  const auto count = 4 + random.below(16);
  for (std::size_t i = 0; i < count; ++i)
    plan.operations.push_back(draw_operation(random));
  // A controller that dies at a write, in every second history.
  for (auto deaths = random.below(4); deaths > 1; --deaths)
    plan.operations.push_back({random.between(Duration{0}, Duration{60'000}),
                               Act::controller_dies_at_write, random.next() % 2,
                               1 + random.below(20)});
  std::stable_sort(plan.operations.begin(), plan.operations.end(),
                   [](const Operation& a, const Operation& b) { return a.at < b.at; });
  return plan;
}

const char* stalled_kind(std::uint64_t number) {
  static constexpr std::array kinds{"session", "vm", "reaper", "ledger", "stream", "node"};
  return kinds[number % kinds.size()];
}

std::string describe(const Operation& operation) {
  const auto target = operation.target;
  const auto number = std::to_string(operation.number);
  std::string what;
  switch (operation.act) {
    case Act::create:
      what = "a client creates a session";
      break;
    case Act::remove:
      what = "DELETE of " + ordinal("session", target);
      break;
    case Act::remove_forced:
      what = "forced DELETE of " + ordinal("session", target);
      break;
    case Act::join:
      what = "a viewer joins " + ordinal("session", target);
      break;
    case Act::leave:
      what = ordinal("viewer", target) + " leaves";
      break;
    case Act::hold:
      what = "an operator holds " + ordinal("session", target);
      break;
    case Act::clear:
      what = "an operator clears " + ordinal("hold", target);
      break;
    case Act::child_crashes:
      what = "a child crashes in " + ordinal("guest", target);
      break;
    case Act::child_given_up:
      what = "a child is given up in " + ordinal("guest", target);
      break;
    case Act::guest_exits:
      what = ordinal("guest", target) + " is killed by a third party";
      break;
    case Act::link_lost:
      what = "the link of " + ordinal("guest", target) + " is lost";
      break;
    case Act::guest_is_mute:
      what = "the next guest never speaks";
      break;
    case Act::start_fails:
      what = "the next guest does not start";
      break;
    case Act::release_fails:
      what = "the next release fails";
      break;
    case Act::disk_full:
      what = "the disk is full for " + number + " ms";
      break;
    case Act::disk_slow:
      what = "the disk is slow for " + number + " ms";
      break;
    case Act::stall:
      what =
          std::string{"an actor of kind "} + stalled_kind(target) + " stalls for " + number + " ms";
      break;
    case Act::session_dies:
      what = "the actor of " + ordinal("session", target) + " fails";
      break;
    case Act::reaper_dies:
      what = "the reaper fails";
      break;
    case Act::controller_dies:
      what = "the controller dies";
      break;
    case Act::controller_dies_at_write:
      what = "the controller dies at write " + number + " from now, " +
             (target % 2 == 0 ? "before" : "after") + " it is durable";
      break;
  }
  std::array<char, 32> at{};
  std::snprintf(at.data(), at.size(), "%10.3f s  ",
                static_cast<double>(operation.at.count()) / 1000);
  return at.data() + what;
}

}  // namespace aerie::sim
