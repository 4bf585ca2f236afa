#include "guest/stream/screen_capture.hpp"

#include <atomic>
#include <catch2/catch.hpp>

#include "guest/stream/testing/x_server.hpp"

using namespace aerie::stream;
using aerie::stream::testing::Painter;
using aerie::stream::testing::XServer;

TEST_CASE("without a viewer nothing is captured, however much changes", "[capture]") {
  gst_init(nullptr, nullptr);
  const XServer x;
  Painter painter;
  const MediaClock clock;
  std::atomic<int> frames = 0;
  auto capture = ScreenCapture::start(30, clock,
                                      {.frame = [&](GstSample*, PictureUse) { ++frames; },
                                       .resized = [](int, int) {},
                                       .failed = [](const aerie::Cause&) {}});
  REQUIRE(capture);
  painter.paint(0xC02040);
  (*capture)->request_frame();
  (*capture)->stop();  // what was ordered before has been done
  CHECK(frames == 0);
}
