#include "guest/stream/audio_broadcast.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "guest/stream/testing/audio_server.hpp"
#include "guest/stream/testing/rig.hpp"

using namespace std::chrono_literals;
using aerie::stream::testing::AudioServer;
using aerie::stream::testing::Painter;
using aerie::stream::testing::Rig;
using aerie::stream::testing::Tone;

namespace {

std::size_t entries(const char* folder) {
  const std::filesystem::directory_iterator all{folder};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Turns the loop for so long.
void pass(Rig& rig, std::chrono::milliseconds time) {
  bool over = false;
  const auto pause = rig.loop.after(time, [&] { over = true; });
  (void)rig.until([&] { return over; });
}

std::string reason_of(const Rig& rig, aerie::stream::Epoch epoch) {
  for (const auto& message : rig.said("peer"))
    if (message["epoch"] == epoch && message["state"] == "failed") return message["reason"];
  return {};
}

}  // namespace

TEST_CASE("who listens hears what a program plays, and nothing comes while all is silent",
          "[stream][audio]") {
  const AudioServer audio;
  Rig rig;
  REQUIRE(rig.start());
  const auto listener = rig.listen(1);
  REQUIRE(listener);
  CHECK_THAT(listener->offer, Catch::Contains("m=audio"));
  CHECK_THAT(listener->offer, !Catch::Contains("m=video"));
  CHECK(rig.said("offer").front()["media"] == "audio");
  pass(rig, 300ms);
  CHECK(listener->packets == 0);
  {
    const Tone tone{audio.address()};
    CHECK(rig.until([&] { return listener->loud_packets > 25; }));
    // Half of full scale, as it is played.
    CHECK(listener->loudest > 12'000);
    CHECK(listener->loudest < 20'000);
  }
  const auto last_loud = std::chrono::steady_clock::now();
  const auto last_time = listener->rtp_time;
  // It ends once it has been silent for half a second.
  int before = -1;
  CHECK(rig.until([&] {
    const bool is_still = listener->packets == before;
    before = listener->packets;
    pass(rig, 200ms);
    return is_still;
  }));
  const Tone again{audio.address()};
  const auto loud = listener->loud_packets;
  CHECK(rig.until([&] { return listener->loud_packets > loud + 25; }));
  // The pause counts in the packets' timestamps, or what comes after it would count as late.
  const std::chrono::milliseconds by_packets{(listener->rtp_time - last_time) / 48};
  CHECK(std::chrono::steady_clock::now() - last_loud < by_packets + 400ms);
}

TEST_CASE("several listen beside a viewer, each is removed alone", "[stream][audio]") {
  const AudioServer audio;
  Rig rig;
  Painter painter;
  painter.paint(0x4060A0);
  REQUIRE(rig.start());
  const Tone tone{audio.address()};
  const auto viewer = rig.join(1);
  const auto first = rig.listen(2);
  const auto second = rig.listen(3);
  REQUIRE(viewer);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(rig.until([&] { return first->loud_packets > 10 && second->loud_packets > 10; }));
  rig.leave(2);
  const auto heard = second->loud_packets;
  CHECK(rig.until([&] { return second->loud_packets > heard + 10; }));
  const auto frames = viewer->frames;
  painter.paint(0xA06040);
  CHECK(rig.until([&] { return viewer->frames > frames; }));
}

TEST_CASE("listeners come and go and leave nothing behind", "[stream][audio]") {
  const AudioServer audio;
  const Tone tone{audio.address()};
  Rig rig;
  REQUIRE(rig.start());
  for (int warm = 1; warm <= 3; ++warm) {
    REQUIRE(rig.listen(warm));
    rig.leave(warm);
  }
  const auto descriptors = entries("/proc/self/fd");
  const auto threads = entries("/proc/self/task");
  for (int epoch = 10; epoch < 30; ++epoch) {
    REQUIRE(rig.listen(epoch));
    rig.leave(epoch);
  }
  CHECK(entries("/proc/self/fd") <= descriptors);
  CHECK(entries("/proc/self/task") <= threads);
}

TEST_CASE("an audio server that ends takes listeners along, and no picture", "[stream][audio]") {
  AudioServer audio;
  Rig rig;
  Painter painter;
  painter.paint(0x4060A0);
  REQUIRE(rig.start());
  const auto viewer = rig.join(1);
  REQUIRE(viewer);
  REQUIRE(rig.listen(2));
  audio.kill();
  REQUIRE(rig.until([&] { return rig.peer_is(2, "failed"); }));
  CHECK_THAT(reason_of(rig, 2), Catch::Contains("audio"));
  // Without one nobody is offered anything.
  rig.say({{"type", "add"}, {"epoch", 3}, {"media", "audio"}});
  REQUIRE(rig.until([&] { return rig.peer_is(3, "failed"); }));
  CHECK(rig.said("offer").size() == 2);
  const auto frames = viewer->frames;
  painter.paint(0xA06040);
  CHECK(rig.until([&] { return viewer->frames > frames; }));
}

TEST_CASE("a guest without audio says so", "[stream][audio]") {
  Rig rig;
  REQUIRE(rig.start());
  rig.say({{"type", "add"}, {"epoch", 1}, {"media", "audio"}});
  REQUIRE(rig.until([&] { return rig.peer_is(1, "failed"); }));
  CHECK_THAT(reason_of(rig, 1), Catch::Contains("no audio"));
}

TEST_CASE("an answer that does not take the sound ends its peer", "[stream][audio]") {
  const std::string answer = GENERATE(values<std::string>(
      {"nonsense", "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n",
       "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=rtpmap:0 PCMU/8000\r\n",
       "v=0\r\nm=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n"}));
  const AudioServer audio;
  Rig rig;
  REQUIRE(rig.start());
  rig.say({{"type", "add"}, {"epoch", 1}, {"media", "audio"}});
  REQUIRE(rig.until([&] { return !rig.said("offer").empty(); }));
  rig.say({{"type", "answer"}, {"epoch", 1}, {"sdp", answer}});
  REQUIRE(rig.until([&] { return rig.peer_is(1, "failed"); }));
  CHECK_FALSE(reason_of(rig, 1).empty());
}
