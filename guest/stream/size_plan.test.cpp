#include "guest/stream/size_plan.hpp"

#include <catch2/catch.hpp>

#include "guest/stream/picture_halver.hpp"

using namespace std::chrono_literals;
using namespace aerie::stream;

namespace {

constexpr int needed = 400'000;

/// Pictures that change, 50 ms apart, for a network of one rate.
struct Motion {
  SizePlan plan;
  SizePlan::Time now{1h};
  /// The last one's size is told.
  bool move(int pictures, int target, PictureUse use = PictureUse::change) {
    bool is_halved = false;
    for (int i = 0; i < pictures; ++i)
      is_halved = plan.halves(use, target, needed, now += 50ms);
    return is_halved;
  }
};

int middle_of(GstSample* picture) {
  GstVideoInfo info{};
  REQUIRE(gst_video_info_from_caps(&info, gst_sample_get_caps(picture)));
  std::uint8_t value = 0;
  gst_buffer_extract(gst_sample_get_buffer(picture),
                     static_cast<gsize>(info.stride[0] * info.height / 2 + info.width / 2), &value,
                     1);
  return value;
}

}  // namespace

TEST_CASE("pictures are halved while they move and the network takes too little", "[size]") {
  Motion motion;
  CHECK_FALSE(motion.move(7, needed - 1));
  CHECK(motion.move(1, needed - 1));
  CHECK(motion.move(100, needed));
  CHECK_FALSE(motion.move(1, needed * 3 / 2));
}

TEST_CASE("a moment's more is no reason for whole pictures", "[size]") {
  Motion motion;
  REQUIRE(motion.move(8, needed / 2));
  CHECK(motion.move(90, 10 * needed));
  CHECK_FALSE(motion.move(20, 10 * needed));
}

TEST_CASE("what rests is whole again, what changes now and then always is", "[size]") {
  Motion motion;
  REQUIRE(motion.move(8, needed / 2));
  CHECK(motion.move(24, needed / 2, PictureUse::repeat));
  CHECK_FALSE(motion.move(1, needed / 2, PictureUse::keep_alive));
  for (int i = 0; i < 40; ++i) {
    motion.now += 500ms;
    CHECK_FALSE(motion.move(1, needed / 2));
  }
}

TEST_CASE("a half picture shows the same, with even edges", "[size]") {
  gst_init(nullptr, nullptr);
  Picture picture{1366, 766, 30};
  const std::vector<std::uint8_t> white(std::size_t{1366} * 766 * 4, 0xFF);
  picture.update(white.data(), {0, 0, 1366, 766});
  PictureHalver halver;
  const auto whole = picture.frame(5);
  const auto half = halver.half_of(whole.get());
  REQUIRE(half);
  GstVideoInfo info{};
  REQUIRE(gst_video_info_from_caps(&info, gst_sample_get_caps(half.get())));
  CHECK(info.width == 682);
  CHECK(info.height == 382);
  CHECK(GST_BUFFER_PTS(gst_sample_get_buffer(half.get())) == 5);
  CHECK(middle_of(half.get()) > 230);
  Picture speck{2, 2, 30};
  CHECK_FALSE(halver.half_of(speck.frame(5).get()));
}
