#include "guest/stream/fan_out.hpp"

#include <catch2/catch.hpp>
#include <gst/app/gstappsink.h>

using namespace aerie::stream;

namespace {

constexpr VideoFormat screen{1280, 720, 30};
constexpr int enough = 6'000'000;
constexpr int too_little = 200'000;

/// Encoders with one peer, which takes whatever comes.
class Fixture {
 public:
  explicit Fixture(PeerFeed::Sizes sizes) : end_(open_end()) { (void)add(end_, sizes); }
  ~Fixture() { fan_out.stop(); }

  /// Pushes pictures until a unit of that width comes; false: none of them has it.
  [[nodiscard]] bool comes(int width, PictureUse use, int pictures = 200) {
    for (int i = 0; i < pictures; ++i)
      if (width_after_push(end_, use) == width) return true;
    return false;
  }
  /// One more peer comes, for a while, and takes whole pictures alone: how wide its first one is.
  [[nodiscard]] int first_width_of_whole_one() {
    const auto end = open_end();
    const auto feed = add(end, PeerFeed::Sizes::whole);
    int width = 0;
    for (int i = 0; i < 200 && width == 0; ++i)
      width = width_after_push(end, PictureUse::change);
    fan_out.remove(Codec::h264, feed);
    return width;
  }
  int wanted = 0;
  std::vector<bool> halved;

 private:
  struct MediaReady {
    MediaReady() { gst_init(nullptr, nullptr); }
  } media_ready_;
  MediaClock clock_;
  Picture picture_{screen.width, screen.height, screen.fps};
  EncoderChooser chooser_{encoder_kinds(), {}};
  Pipeline end_;

  [[nodiscard]] Pipeline open_end() const {
    auto end =
        Pipeline::parse("appsrc name=source format=time ! appsink name=sink sync=false", clock_);
    REQUIRE(end);
    REQUIRE(end->play());
    return std::move(*end);
  }
  std::shared_ptr<PeerFeed> add(const Pipeline& end, PeerFeed::Sizes sizes) {
    auto feed = std::make_shared<PeerFeed>(end.element("source"), nullptr, sizes);
    REQUIRE_FALSE(fan_out.add(Codec::h264, feed));
    return feed;
  }
  /// 0: no unit came within a moment.
  [[nodiscard]] int width_after_push(const Pipeline& end, PictureUse use) {
    fan_out.push(picture_.frame(clock_.now()).get(), use);
    const auto sink = end.element("sink");
    const GstPtr<GstSample> unit{
        gst_app_sink_try_pull_sample(GST_APP_SINK(sink.get()), 20 * GST_MSECOND)};
    int width = 0;
    if (unit)
      gst_structure_get_int(gst_caps_get_structure(gst_sample_get_caps(unit.get()), 0), "width",
                            &width);
    return width;
  }

 public:
  FanOut fan_out{screen,
                 clock_,
                 chooser_,
                 {.frame_wanted = [this] { ++wanted; },
                  .settled = [](GstClockTime) {},
                  .halved = [this](Codec, bool is_halved) { halved.push_back(is_halved); },
                  .failed = [](Codec, const aerie::Cause&) {}}};
};

}  // namespace

TEST_CASE("what moves for a narrow network is halved, what rests is whole again", "[fan-out]") {
  Fixture fixture{PeerFeed::Sizes::any};
  fixture.fan_out.set_target(Codec::h264, enough, nullptr);
  CHECK_FALSE(fixture.comes(640, PictureUse::change, 20));
  fixture.fan_out.set_target(Codec::h264, too_little, nullptr);
  CHECK(fixture.comes(640, PictureUse::change));
  const int wanted = fixture.wanted;
  CHECK(fixture.comes(640, PictureUse::repeat));
  CHECK_FALSE(fixture.comes(1280, PictureUse::keep_alive, 1));
  CHECK(fixture.wanted == wanted + 1);
  CHECK(fixture.comes(1280, PictureUse::repeat));
  CHECK(fixture.halved == std::vector{true, false});
}

TEST_CASE("a peer that needs whole pictures has them", "[fan-out]") {
  Fixture fixture{PeerFeed::Sizes::whole};
  fixture.fan_out.set_target(Codec::h264, too_little, nullptr);
  CHECK_FALSE(fixture.comes(640, PictureUse::change, 40));
  CHECK(fixture.halved.empty());
}

TEST_CASE("a peer that needs whole pictures gets none that was halved before it came",
          "[fan-out]") {
  Fixture fixture{PeerFeed::Sizes::any};
  fixture.fan_out.set_target(Codec::h264, too_little, nullptr);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(fixture.comes(640, PictureUse::change));
    CHECK(fixture.first_width_of_whole_one() == 1280);
  }
}
