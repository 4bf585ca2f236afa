#include "guest/stream/rate_plan.hpp"

#include <catch2/catch.hpp>

#include "guest/stream/drop_policy.hpp"

using namespace std::chrono_literals;
using namespace aerie::stream;

namespace {

EncoderRate at(int target) {
  return encoder_rate(target, 6'912'000, 1280, 720, 30);
}

}  // namespace

TEST_CASE("quality goes first, then pictures", "[rate]") {
  CHECK(at(6'912'000) == EncoderRate{6'912'000, 0us});
  CHECK(at(3'000'000) == EncoderRate{3'000'000, 30'000us});
  CHECK(at(1'110'000).least_gap == 30'909us);  // 29 a second
  CHECK(at(560'000) == EncoderRate{560'000 * 2, 60'000us});
  CHECK(at(150'000) == EncoderRate{140'000 * 3, 90'000us});
  CHECK(at(3'000'001) == at(3'010'000));
}

TEST_CASE("an encoder obeys the viewer in control, else the best", "[rate]") {
  std::vector<RatedViewer> viewers{{1, Codec::h264, 300'000, false},
                                   {2, Codec::h264, 5'000'000, false},
                                   {3, Codec::vp8, 900'000, true}};
  CHECK(leader_of(viewers, Codec::h264)->epoch == 2);
  CHECK(leader_of(viewers, Codec::vp8)->epoch == 3);
  viewers[0].is_holder = true;
  CHECK(leader_of(viewers, Codec::h264)->epoch == 1);
  CHECK_FALSE(leader_of({}, Codec::vp8));
}

TEST_CASE("who falls behind gets nothing but the next key frame", "[rate]") {
  DropPolicy policy;
  const DropPolicy::Time now{1h};
  CHECK_FALSE(policy.takes(false, 0ms));
  CHECK(policy.asks(0ms, now));
  CHECK_FALSE(policy.asks(0ms, now));
  CHECK(policy.takes(true, 0ms));
  CHECK(policy.takes(false, 499ms));
  CHECK_FALSE(policy.takes(false, 500ms));
  CHECK_FALSE(policy.takes(true, 500ms));
  CHECK_FALSE(policy.takes(false, 0ms));
  CHECK_FALSE(policy.asks(DropPolicy::drained + 1ms, now + DropPolicy::pause));
  CHECK(policy.asks(DropPolicy::drained, now + DropPolicy::pause));
  CHECK(policy.takes(true, 0ms));
  CHECK_FALSE(policy.asks(0ms, now + 1h));
}

TEST_CASE("a viewer that is not reached is tried with key frames alone", "[rate]") {
  DropPolicy policy;
  const DropPolicy::Time now{1h};
  REQUIRE(policy.takes(true, 0ms));
  policy.set_dark(true);
  CHECK_FALSE(policy.takes(false, 0ms));
  CHECK(policy.takes(true, 0ms));
  CHECK_FALSE(policy.takes(false, 0ms));
  CHECK_FALSE(policy.asks(0ms, now));
  policy.set_dark(false);
  CHECK(policy.asks(0ms, now));
  CHECK(policy.takes(true, 0ms));
  CHECK(policy.takes(false, 0ms));
}
