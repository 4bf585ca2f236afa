#include "guest/stream/frame_pacer.hpp"

#include <catch2/catch.hpp>

#include "guest/stream/token_bucket.hpp"

using namespace std::chrono_literals;
using aerie::stream::FramePacer;
using aerie::stream::TokenBucket;
using Action = FramePacer::Action;

TEST_CASE("a change gives a frame at once, repeats until it is sharp, then few", "[pacer]") {
  FramePacer pacer{30};
  FramePacer::Time now{1h};
  CHECK_FALSE(pacer.wake());
  pacer.damaged();
  CHECK(pacer.next(now) == Action::capture);
  const int repeats =
      GENERATE(values<int>({FramePacer::least_repeats, 7, FramePacer::most_repeats}));
  for (int i = 0; i < repeats; ++i) {
    CHECK(pacer.next(now) == Action::none);
    REQUIRE(pacer.wake() == now + FramePacer::repeat_gap);
    now = *pacer.wake();
    CHECK(pacer.next(now) == Action::repeat);
  }
  pacer.settled();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(pacer.wake() == now + FramePacer::idle_gap);
    now = *pacer.wake();
    CHECK(pacer.next(now) == Action::keep_alive);
  }
}

TEST_CASE("changes are captured one in a frame interval, half of it early at most", "[pacer]") {
  FramePacer pacer{50};
  const FramePacer::Time start{1h};
  pacer.damaged();
  CHECK(pacer.next(start) == Action::capture);
  pacer.damaged();
  CHECK(pacer.next(start + 9ms) == Action::none);
  CHECK(pacer.wake() == start + 10ms);
  CHECK(pacer.next(start + 10ms) == Action::capture);
  pacer.damaged();
  CHECK(pacer.next(start + 29ms) == Action::none);
  CHECK(pacer.next(start + 30ms) == Action::capture);
}

TEST_CASE("no more is captured than that many frames a second, and early ones make none late",
          "[pacer]") {
  FramePacer pacer{50};
  FramePacer::Time now{1h};
  int captured = 0;
  for (int i = 0; i < 10'000; ++i, now += 1ms) {
    pacer.damaged();
    captured += pacer.next(now) == Action::capture ? 1 : 0;
  }
  CHECK(captured >= 499);
  CHECK(captured <= 502);
  now += 1s;
  for (int i = 0; i < 100; ++i) {
    const auto painted = now + (i % 3) * 3ms;
    pacer.damaged();
    CHECK(pacer.next(painted) == Action::capture);
    now += 20ms;
  }
}

TEST_CASE("while the screen keeps changing nothing is repeated", "[pacer]") {
  FramePacer pacer{30};
  FramePacer::Time now{1h};
  pacer.damaged();
  CHECK(pacer.next(now) == Action::capture);
  for (int i = 0; i < 10; ++i) {
    const auto change = now + (i % 2 == 0 ? 34ms : 60ms);
    if (i > 0) CHECK(*pacer.wake() > change);
    now = change;
    pacer.damaged();
    CHECK(pacer.next(now) == Action::capture);
  }
  REQUIRE(pacer.wake());
  CHECK(pacer.next(*pacer.wake()) == Action::repeat);
}

TEST_CASE("a requested frame is followed by some more, however sharp it is", "[pacer]") {
  FramePacer pacer{30};
  FramePacer::Time now{1h};
  pacer.requested(now);
  for (int i = 0; i < FramePacer::least_repeats_on_request; ++i) {
    pacer.settled();
    REQUIRE(pacer.wake());
    CHECK(*pacer.wake() <= now + FramePacer::repeat_gap);
    now = *pacer.wake();
    CHECK(pacer.next(now) == Action::repeat);
  }
  pacer.settled();
  CHECK(pacer.wake() == now + FramePacer::idle_gap);
}

TEST_CASE("a requested frame comes at once though nothing changed, a reset forgets it", "[pacer]") {
  FramePacer pacer{30};
  const FramePacer::Time now{1h};
  pacer.requested(now);
  CHECK(pacer.next(now) == Action::repeat);
  pacer.reset();
  CHECK_FALSE(pacer.wake());
}

TEST_CASE("a token bucket allows its rate and a second's worth at once", "[token-bucket]") {
  TokenBucket bucket{10};
  TokenBucket::Time now{1h};
  for (int i = 0; i < 10; ++i)
    CHECK(bucket.take(now));
  CHECK_FALSE(bucket.take(now));
  CHECK(bucket.take(now + 150ms));
  CHECK_FALSE(bucket.take(now + 151ms));
  now += 1h;
  for (int i = 0; i < 10; ++i)
    CHECK(bucket.take(now));
  CHECK_FALSE(bucket.take(now));
}
