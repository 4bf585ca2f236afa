#include <catch2/catch.hpp>
#include <random>

#include "guest/stream/testing/rig.hpp"
#include "tests/support/udp_relay.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::stream::Codec;
using aerie::stream::testing::Painter;
using aerie::stream::testing::Rig;
using aerie::stream::testing::XServer;
using aerie::test::UdpRelay;

namespace {

constexpr int bottleneck = 400'000;  // bit/s; for so small a screen 1 Mbit/s is the most

/// Something that changes all the time: coloured squares that no encoder can foretell, and large
/// enough for a picture of them to go through the bottleneck in a moment.
class Noise {
 public:
  explicit Noise(Rig& rig) : rig_(rig), brush_(xcb_generate_id(painter_.x().get())) {
    xcb_create_gc(painter_.x().get(), brush_, painter_.window(), 0, nullptr);
    repaint();
  }

 private:
  [[nodiscard]] std::vector<std::uint32_t> squares(int rows) {
    constexpr int side = 4;
    std::vector<std::uint32_t> pixels(std::size_t{XServer::width} * static_cast<std::size_t>(rows));
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      const auto row = i / XServer::width;
      const bool is_first_row = row % side == 0;
      if (is_first_row)
        pixels[i] = i % side == 0 ? static_cast<std::uint32_t>(random_()) : pixels[i - 1];
      else
        pixels[i] = pixels[i - XServer::width];
    }
    return pixels;
  }

  void repaint() {
    constexpr int strip = 60;  // a request holds 256 KiB
    for (int y = 0; y < XServer::height; y += strip) {
      const auto pixels = squares(strip);
      xcb_put_image(painter_.x().get(), XCB_IMAGE_FORMAT_Z_PIXMAP, painter_.window(), brush_,
                    XServer::width, strip, 0, static_cast<std::int16_t>(y), 0, 24,
                    static_cast<std::uint32_t>(pixels.size() * 4),
                    reinterpret_cast<const std::uint8_t*>(pixels.data()));
    }
    painter_.x().flush();
    timer_ = rig_.loop.after(30ms, [this] { repaint(); });
  }
  Rig& rig_;
  Painter painter_;
  xcb_gcontext_t brush_;
  std::mt19937 random_;
  aerie::stream::EventSource timer_;
};

/// Something that changes all the time where its window can be clicked.
class Flicker {
 public:
  explicit Flicker(Rig& rig) : rig_(rig) { repaint(); }
  Painter painter;

 private:
  void repaint() {
    painter.paint(std::exchange(colour_, ~colour_ & 0xFFFFFFU));
    timer_ = rig_.loop.after(30ms, [this] { repaint(); });
  }
  Rig& rig_;
  std::uint32_t colour_ = 0xC02040;
  aerie::stream::EventSource timer_;
};

/// The least target of the viewers in the newest figures; empty: none were told.
std::optional<int> least_target(const Rig& rig) {
  const auto said = rig.said("stats");
  if (said.empty() || said.back()["targetsBps"].empty()) return std::nullopt;
  int least = said.back()["targetsBps"][0];
  for (const auto& target : said.back()["targetsBps"])
    least = std::min(least, target.get<int>());
  return least;
}

/// How often a peer was said to be in that state.
std::ptrdiff_t times(const Rig& rig, int epoch, const std::string& state) {
  const auto said = rig.said("peer");
  return std::count_if(said.begin(), said.end(), [&](const Json& message) {
    return message["epoch"] == epoch && message["state"] == state;
  });
}

}  // namespace

TEST_CASE("behind a bottleneck less is sent, and pictures keep coming", "[stream][network]") {
  const auto codec = GENERATE(Codec::h264, Codec::vp8);
  Rig rig;
  const Noise noise{rig};
  REQUIRE(rig.start());
  UdpRelay relay{1};
  const auto viewer = rig.join(1, codec, &relay);
  REQUIRE(viewer);
  REQUIRE(rig.until([&] { return least_target(rig).has_value(); }));
  relay.set_shape({.delay = 10ms, .rate = bottleneck});
  CHECK(rig.until([&] { return *least_target(rig) < bottleneck; }));
  const int before = viewer->frames;
  CHECK(rig.until([&] { return viewer->frames > before + 8; }));
  relay.set_shape({});
  CHECK(rig.until([&] { return *least_target(rig) > 9 * bottleneck / 8; }));
}

TEST_CASE("what is lost is sent again, whatever the viewer's codec", "[stream][network]") {
  const auto codec = GENERATE(Codec::h264, Codec::vp8);
  Rig rig;
  const Noise noise{rig};
  REQUIRE(rig.start());
  rig.viewers_mind_losses = true;
  UdpRelay relay{1};
  const auto viewer = rig.join(1, codec, &relay);
  REQUIRE(viewer);
  relay.set_shape({.delay = 10ms, .loss = 0.05});
  CHECK(rig.until([&] { return viewer->retransmitted() > 20; }));
}

TEST_CASE("a player that asks for what it lost is promised it", "[stream][network][player]") {
  const auto [codec, payload] = GENERATE(std::pair{Codec::h264, 102}, std::pair{Codec::vp8, 97});
  Rig rig;
  Painter painter;
  REQUIRE(rig.start());
  rig.viewers_mind_losses = true;
  const auto viewer = rig.play(1, codec);
  REQUIRE(viewer);
  CHECK_THAT(viewer->answer, Catch::Contains("apt=" + std::to_string(payload)));
}

TEST_CASE("after an outage the picture comes back by itself, also a still one",
          "[stream][network]") {
  Rig rig;
  Painter painter;
  painter.paint(0xC02040);
  REQUIRE(rig.start());
  UdpRelay relay{1};
  const auto viewer = rig.join(1, Codec::h264, &relay);
  REQUIRE(viewer);
  rig.settle(*viewer, 500ms);
  relay.set_shape({.is_cut = true});
  painter.paint(0x20C040);
  rig.settle(*viewer, 1500ms);
  relay.set_shape({});
  CHECK(rig.until([&] { return (viewer->middle >> 8 & 0xFFU) > 0x90; }));
}

TEST_CASE("a slow viewer slows nobody", "[stream][network]") {
  Rig rig;
  const Noise noise{rig};
  REQUIRE(rig.start());
  UdpRelay relay{1};
  const auto slow = rig.join(1, Codec::h264, &relay);
  const auto quick = rig.join(2);
  REQUIRE(slow);
  REQUIRE(quick);
  rig.say({{"type", "control"}, {"epoch", 2}});
  relay.set_shape({.delay = 10ms, .rate = bottleneck});
  REQUIRE(rig.until([&] { return least_target(rig).value_or(bottleneck) < bottleneck; }));
  const int before = quick->frames;
  const int slow_before = slow->frames;
  REQUIRE(rig.until([&] { return quick->frames >= before + 150; }));
  CHECK(slow->frames - slow_before < 150);
  CHECK(rig.until([&] { return slow->frames > slow_before; }));
}

TEST_CASE("that nothing is heard of a viewer is said once, and again the next time",
          "[stream][network]") {
  Rig rig;
  const Noise noise{rig};
  REQUIRE(rig.start());
  UdpRelay relay{1};
  const auto viewer = rig.join(1, Codec::h264, &relay);
  REQUIRE(viewer);
  REQUIRE(rig.until([&] { return viewer->frames > 10; }));
  CHECK(times(rig, 1, "silent") == 0);
  relay.set_shape({.is_cut = true});
  REQUIRE(rig.until([&] { return times(rig, 1, "silent") > 0; }));
  // Figures come once a second: time for several tries to reach it.
  const auto figures = rig.said("stats").size();
  REQUIRE(rig.until([&] { return rig.said("stats").size() > figures + 1; }));
  CHECK(times(rig, 1, "silent") == 1);
  const int before = viewer->frames;
  relay.set_shape({});
  REQUIRE(rig.until([&] { return viewer->frames > before + 10; }));
  CHECK(times(rig, 1, "silent") == 1);
  relay.set_shape({.is_cut = true});
  CHECK(rig.until([&] { return times(rig, 1, "silent") == 2; }));
}

TEST_CASE("the peer beside a silent one takes over with control, and the other goes",
          "[stream][network]") {
  Rig rig;
  Flicker flicker{rig};
  REQUIRE(rig.start());
  UdpRelay first{1};
  const auto before = rig.join(1, Codec::h264, &first);
  REQUIRE(before);
  rig.say({{"type", "control"}, {"epoch", 1}});
  before->send("input", R"({"type":"button","button":1,"down":true,"x":40,"y":50})");
  CHECK(rig.next_input(flicker.painter, XCB_BUTTON_PRESS).x == 40);
  first.set_shape({.is_cut = true});
  REQUIRE(rig.until([&] { return rig.peer_is(1, "silent"); }));
  const bool comes_back = GENERATE(false, true);
  if (comes_back) first.set_shape({});
  UdpRelay second{2};
  const auto after = rig.join(2, Codec::h264, &second, 1);
  REQUIRE(after);
  // No word of the supervisor's was needed.
  after->send("input", R"({"type":"button","button":2,"down":true,"x":60,"y":50})");
  CHECK(rig.next_input(flicker.painter, XCB_BUTTON_PRESS).detail == 2);
  REQUIRE(rig.until([&] { return rig.peer_is(1, "closed"); }));
  CHECK_FALSE(before->was_refused("not-in-control"));
  const int frames = after->frames;
  CHECK(rig.until([&] { return after->frames > frames + 10; }));
  CHECK_FALSE(after->was_refused("not-in-control"));
}

TEST_CASE("until the peer beside it is connected the first keeps control and pictures",
          "[stream][network]") {
  Rig rig;
  Flicker flicker{rig};
  REQUIRE(rig.start());
  const auto viewer = rig.join(1);
  REQUIRE(viewer);
  rig.say({{"type", "control"}, {"epoch", 1}});
  rig.say({{"type", "add"}, {"epoch", 2}, {"media", "main"}, {"beside", 1}});
  REQUIRE(rig.until(
      [&] { return !rig.said("offer").empty() && rig.said("offer").back()["epoch"] == 2; }));
  viewer->send("input", R"({"type":"button","button":1,"down":true,"x":40,"y":50})");
  CHECK(rig.next_input(flicker.painter, XCB_BUTTON_PRESS).x == 40);
  rig.leave(2);
  const int frames = viewer->frames;
  CHECK(rig.until([&] { return viewer->frames > frames + 10; }));
  CHECK(times(rig, 1, "closed") == 0);
}
