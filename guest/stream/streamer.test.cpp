#include "guest/stream/streamer.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "guest/stream/testing/rig.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::stream::Codec;
using aerie::stream::EventSource;
using aerie::stream::testing::Painter;
using aerie::stream::testing::Rig;

namespace {

/// True when two colours differ by little, as after a lossy encoder.
bool is_near(std::uint32_t one, std::uint32_t other) {
  for (const unsigned shift : {0U, 8U, 16U})
    if (std::abs(static_cast<int>(one >> shift & 0xFFU) -
                 static_cast<int>(other >> shift & 0xFFU)) > 24)
      return false;
  return true;
}

std::size_t entries(const char* folder) {
  const std::filesystem::directory_iterator all{folder};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

TEST_CASE("a viewer sees the screen and its changes, and nothing while it is still", "[stream]") {
  const auto codec = GENERATE(Codec::h264, Codec::vp8);
  Rig rig;
  Painter painter;
  painter.paint(0xC02040);
  REQUIRE(rig.start());
  const auto viewer = rig.join(1, codec);
  REQUIRE(viewer);
  CHECK(rig.peer_is(1, "connected"));
  REQUIRE(rig.until([&] { return rig.peer_is(1, "first-frame"); }));
  CHECK(rig.until([&] { return is_near(viewer->middle, 0xC02040); }));
  painter.paint(0x20C040);
  CHECK(rig.until([&] { return is_near(viewer->middle, 0x20C040); }));
  rig.settle(*viewer, 300ms);
  const int before = viewer->frames;
  rig.settle(*viewer, 300ms);
  CHECK(viewer->frames == before);
}

TEST_CASE("how long pictures take to encode is told while they come", "[stream]") {
  const auto codec = GENERATE(Codec::h264, Codec::vp8);
  Rig rig;
  Painter painter;
  REQUIRE(rig.start());
  const auto viewer = rig.join(1, codec);
  REQUIRE(viewer);
  std::uint32_t colour = 0;
  const auto with_times = [&] {
    for (const auto& each : rig.said("stats"))
      for (const auto& encoder : each["encoders"])
        if (encoder["encodeUs"].size() > 1) return encoder;
    painter.paint(colour += 0x10203);
    return Json{};
  };
  Json encoder;
  REQUIRE(rig.until([&] { return !(encoder = with_times()).is_null(); }));
  CHECK(encoder["codec"] == to_string(codec));
  CHECK(encoder["bytes"] > 0);
  for (const auto& time : encoder["encodeUs"]) {
    CHECK(time > 0);
    CHECK(time < 10'000'000);
  }
  // Once more when nothing changes any more, then no word.
  REQUIRE(rig.until([&] { return rig.said("stats").back()["encoders"][0]["bytes"] == 0; }));
}

TEST_CASE("how long the way to a viewer and back takes is told", "[stream][player]") {
  // A player's reports come by RTCP's clock whatever else is negotiated; of our other viewer here,
  // which gives transport-wide feedback, GStreamer sends that alone.
  Rig rig;
  Painter painter;
  REQUIRE(rig.start());
  REQUIRE(rig.play(1));
  std::uint32_t colour = 0;
  Json trips;
  REQUIRE(rig.until([&] {
    painter.paint(colour += 0x10203);
    for (const auto& each : rig.said("stats"))
      if (!each["roundTripsUs"].empty()) trips = each["roundTripsUs"];
    return !trips.is_null();
  }));
  REQUIRE(trips.size() == 1);
  CHECK(trips[0] > 0);
  CHECK(trips[0] < 10'000'000);
}

TEST_CASE("a hundred viewers come and go and leave nothing behind", "[stream]") {
  Rig rig;
  Painter painter;
  painter.paint(0x4060A0);
  REQUIRE(rig.start());
  for (int warm = 1; warm <= 3; ++warm) {
    REQUIRE(rig.join(warm));
    rig.leave(warm);
  }
  const auto descriptors = entries("/proc/self/fd");
  const auto threads = entries("/proc/self/task");
  for (int epoch = 10; epoch < 110; ++epoch) {
    REQUIRE(rig.join(epoch));
    rig.leave(epoch);
  }
  CHECK(entries("/proc/self/fd") <= descriptors);
  CHECK(entries("/proc/self/task") <= threads);
}

TEST_CASE("a player that offers is answered, sees the screen, and leaves nothing behind",
          "[stream][player]") {
  const auto codec = GENERATE(Codec::h264, Codec::vp8);
  Rig rig;
  Painter painter;
  painter.paint(0xC02040);
  REQUIRE(rig.start());
  const auto player = rig.play(1, codec);
  REQUIRE(player);
  CHECK(rig.peer_is(1, "connected"));
  CHECK(rig.until([&] { return rig.peer_is(1, "first-frame"); }));
  CHECK(rig.until([&] { return is_near(player->middle, 0xC02040); }));
  painter.paint(0x20C040);
  CHECK(rig.until([&] { return is_near(player->middle, 0x20C040); }));
  CHECK_FALSE(player->has_channels());
  CHECK(rig.said("answer").size() == 1);
  CHECK(rig.said("candidate").empty());
  CHECK_THAT(player->answer, Catch::Contains("a=candidate:"));
  CHECK_THAT(player->answer, Catch::Contains("a=sendonly"));
  // Beside a viewer of the other kind, whose pointer moves and who copies.
  const auto viewer = rig.join(2, codec);
  REQUIRE(viewer);
  rig.say({{"type", "control"}, {"epoch", 1}});
  painter.copy("nobody can take it");
  painter.paint(0x2040C0);
  CHECK(rig.until([&] { return is_near(player->middle, 0x2040C0); }));
  rig.leave(1);
  painter.paint(0xC0C040);
  CHECK(rig.until([&] { return is_near(viewer->middle, 0xC0C040); }));
  CHECK_FALSE(is_near(player->middle, 0xC0C040));
}

TEST_CASE("players come and go and leave nothing behind", "[stream][player]") {
  Rig rig;
  Painter painter;
  painter.paint(0x4060A0);
  REQUIRE(rig.start());
  for (int warm = 1; warm <= 3; ++warm) {
    REQUIRE(rig.play(warm));
    rig.leave(warm);
  }
  const auto descriptors = entries("/proc/self/fd");
  const auto threads = entries("/proc/self/task");
  for (int epoch = 10; epoch < 30; ++epoch) {
    REQUIRE(rig.play(epoch));
    rig.leave(epoch);
  }
  // The last one's threads may still be on their way out.
  EventSource tick;
  const std::function<void()> again = [&] { tick = rig.loop.after(20ms, again); };
  again();
  CHECK(rig.until([&] { return entries("/proc/self/task") <= threads; }));
  CHECK(entries("/proc/self/fd") <= descriptors);
}

TEST_CASE("an offer without a video that can be sent is refused, and no one else notices",
          "[stream][player]") {
  Rig rig;
  Painter painter;
  REQUIRE(rig.start());
  for (const auto* sdp : {"nonsense", "v=0\r\ns=-\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"}) {
    const auto before = rig.said("peer").size();
    rig.say({{"type", "add"}, {"epoch", 7}, {"sdp", sdp}});
    REQUIRE(rig.until([&] { return rig.said("peer").size() > before; }));
    CHECK(rig.said("peer").back()["state"] == "failed");
    CHECK(rig.said("peer").back()["code"] == "not-acceptable");
  }
  CHECK_FALSE(rig.status);
}

TEST_CASE("input of the holder reaches a program, and nobody else's does", "[stream]") {
  Rig rig;
  Painter painter;
  REQUIRE(rig.start());
  const auto holder = rig.join(1);
  const auto guest = rig.join(2);
  REQUIRE(holder);
  REQUIRE(guest);
  rig.say({{"type", "control"}, {"epoch", 1}});
  guest->send("input", R"({"type":"move","x":1,"y":1})");
  REQUIRE(rig.until([&] { return guest->was_refused("not-in-control"); }));

  holder->send("input", R"({"type":"button","button":1,"down":true,"x":40,"y":50})");
  CHECK(rig.next_input(painter, XCB_MOTION_NOTIFY).x == 40);
  const auto press = rig.next_input(painter, XCB_BUTTON_PRESS);
  CHECK(press.detail == 1);
  CHECK(press.y == 50);

  holder->send("input", R"({"type":"text","text":"aB\u00e9\u20ac"})");
  std::u32string typed;
  for (int i = 0; i < 4; ++i) {
    auto key = rig.next_input(painter, XCB_KEY_PRESS);
    if (painter.keysym(key.detail, key.state) == 0xFFE1)
      key = rig.next_input(painter, XCB_KEY_PRESS);
    typed.push_back(painter.keysym(key.detail, key.state));
  }
  CHECK(typed == std::u32string{0x61, 0x42, 0xE9, 0x010020AC});

  holder->send("input", R"({"type":"key","keysym":97,"down":true})");
  (void)rig.next_input(painter, XCB_KEY_PRESS);
  rig.leave(1);
  CHECK(rig.next_input(painter, XCB_KEY_RELEASE).type == XCB_KEY_RELEASE);
  CHECK(rig.next_input(painter, XCB_BUTTON_RELEASE).detail == 1);
}

TEST_CASE("the clipboard goes both ways, to the holder only", "[stream]") {
  Rig rig;
  Painter painter;
  REQUIRE(rig.start());
  const auto holder = rig.join(1);
  const auto other = rig.join(2);
  REQUIRE(holder);
  REQUIRE(other);
  rig.say({{"type", "control"}, {"epoch", 1}});
  painter.copy("from the guest");
  REQUIRE(rig.until([&] {
    painter.serve_copies();
    return holder->has_heard({{"type", "clipboard"}, {"text", "from the guest"}});
  }));
  holder->send("input", R"({"type":"clipboard","text":"from the viewer \u20ac"})");
  REQUIRE(rig.until([&] {
    painter.serve_copies();
    return painter.lost_selection();
  }));
  CHECK(rig.paste(painter) == "from the viewer \xe2\x82\xac");
  CHECK_FALSE(other->has_heard({{"type", "clipboard"}, {"text", "from the guest"}}));
}

TEST_CASE("what a viewer may not do is refused with a reason", "[stream]") {
  Rig rig;
  Painter painter;
  REQUIRE(rig.start());
  const auto viewer = rig.join(1);
  REQUIRE(viewer);
  rig.say({{"type", "control"}, {"epoch", 1}});
  viewer->send("input", "not JSON");
  viewer->send("input", R"({"type":"display","width":640,"height":480})");
  viewer->send("input", R"({"type":"text","text":")" + std::string(20'000, 'x') + "\"}");
  REQUIRE(rig.until([&] {
    return viewer->was_refused("bad-json") && viewer->was_refused("unsupported") &&
           viewer->was_refused("too-large");
  }));
  for (int i = 0; i < 2'000; ++i)
    viewer->send("input", R"({"type":"move","x":1,"y":1,"n":)" + std::to_string(i) + "}");
  CHECK(rig.until([&] { return viewer->was_refused("rate-limited"); }));
}

TEST_CASE("a peer with a bad answer ends alone", "[stream]") {
  Rig rig;
  Painter painter;
  painter.paint(0xC02040);
  REQUIRE(rig.start());
  const auto viewer = rig.join(1);
  REQUIRE(viewer);
  for (const auto* sdp : {"", "v=0", "v=0\r\nm=video 9 X 96\r\n"}) {
    const Json epoch = 100 + rig.said("offer").size();
    rig.say({{"type", "add"}, {"epoch", epoch}});
    REQUIRE(rig.until([&] { return rig.said("offer").back()["epoch"] == epoch; }));
    rig.say({{"type", "answer"}, {"epoch", epoch}, {"sdp", sdp}});
    REQUIRE(rig.until([&] { return rig.peer_is(epoch.get<int>(), "failed"); }));
  }
  painter.paint(0x20C040);
  CHECK(rig.until([&] { return is_near(viewer->middle, 0x20C040); }));
  CHECK_FALSE(rig.status);
}

TEST_CASE("the streamer ends with its supervisor, and with a cause when X is gone", "[stream]") {
  Rig rig;
  SECTION("end of the control socket") {
    REQUIRE(rig.start());
    rig.hang_up();
    REQUIRE(rig.until([&] { return rig.status.has_value(); }));
    CHECK(rig.status == 0);
  }
  SECTION("X ends") {
    REQUIRE(rig.start());
    rig.x.kill();
    REQUIRE(rig.until([&] { return !rig.said("failure").empty(); }));
    CHECK(rig.said("failure").front()["cause"]["kind"] == "not-ready");
    CHECK(rig.status == 1);
  }
  SECTION("no X at all") {
    rig.x.kill();
    CHECK_FALSE(rig.start_until_failure().empty());
    CHECK(rig.status == 1);
  }
  SECTION("a message before configure") {
    rig.say({{"type", "add"}, {"epoch", 1}});
    REQUIRE(rig.until([&] { return rig.status.has_value(); }));
    CHECK(rig.status == 1);
  }
}
