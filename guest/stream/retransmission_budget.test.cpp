#include "guest/stream/retransmission_budget.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using aerie::stream::RetransmissionBudget;

TEST_CASE("while no rate is known every packet is sent again", "[retransmission]") {
  RetransmissionBudget budget;
  for (int i = 0; i < 1000; ++i)
    CHECK(budget.takes(static_cast<std::uint16_t>(i), RetransmissionBudget::Time{1h}));
}

TEST_CASE("a share of the rate is spent on packets that are sent again", "[retransmission]") {
  RetransmissionBudget budget;
  budget.set_rate(960'000);  // 100 packets a second, 25 of them once more
  RetransmissionBudget::Time now{1h};
  int taken = 0;
  for (int i = 0; i < 4000; ++i, now += 1ms)
    taken += budget.takes(1, now) ? 1 : 0;
  CHECK(taken >= 4 * 25);
  CHECK(taken <= 4 * 25 + 5);
}

TEST_CASE("the narrowest network still has a lost packet or two again", "[retransmission]") {
  RetransmissionBudget budget;
  budget.set_rate(1);
  const RetransmissionBudget::Time now{24h * 365 * 40};
  CHECK(budget.takes(1, now));
  CHECK(budget.takes(2, now));
  CHECK_FALSE(budget.takes(3, now));
}

TEST_CASE("nothing from before a fresh start is sent again, for a while", "[retransmission]") {
  RetransmissionBudget budget;
  const RetransmissionBudget::Time now{1h};
  budget.start_afresh(2, now);
  for (const int old : {2, 1, 0, 65535, 40000})
    CHECK_FALSE(budget.takes(static_cast<std::uint16_t>(old), now + 1s));
  CHECK(budget.takes(3, now + 1s));
  CHECK(budget.takes(20000, now + 1s));
  CHECK(budget.takes(2, now + RetransmissionBudget::memory + 1ms));
}
