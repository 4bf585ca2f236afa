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
  explicit Fixture(PeerFeed::Sizes sizes)
      : end_(*Pipeline::parse("appsrc name=source format=time ! appsink name=sink sync=false",
                              clock_)) {
    REQUIRE(end_.play());
    REQUIRE_FALSE(fan_out.add(Codec::h264,
                              std::make_shared<PeerFeed>(end_.element("source"), nullptr, sizes)));
  }
  ~Fixture() { fan_out.stop(); }

  /// Pushes pictures until a unit of that width comes; false: none of them has it.
  [[nodiscard]] bool comes(int width, PictureUse use, int pictures = 200) {
    const auto sink = end_.element("sink");
    for (int i = 0; i < pictures; ++i) {
      fan_out.push(picture_.frame(clock_.now()).get(), use);
      const GstPtr<GstSample> unit{
          gst_app_sink_try_pull_sample(GST_APP_SINK(sink.get()), 20 * GST_MSECOND)};
      int its_width = 0;
      if (unit &&
          gst_structure_get_int(gst_caps_get_structure(gst_sample_get_caps(unit.get()), 0), "width",
                                &its_width) &&
          its_width == width)
        return true;
    }
    return false;
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
