#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gst/app/gstappsink.h>

#include "guest/stream/files/file_messages.hpp"
#include "guest/stream/testing/rig.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::stream::Codec;
using aerie::stream::make_chunk;
using aerie::stream::max_chunk_bytes;
using aerie::stream::testing::Painter;
using aerie::stream::testing::Rig;
using aerie::stream::testing::Viewer;

namespace fs = std::filesystem;

namespace {

/// A home for one test, and HOME while it lives.
struct Home {
  Home() {
    std::string pattern = fs::temp_directory_path() / "aerie-home-XXXXXX";
    path = ::mkdtemp(pattern.data());
    if (const char* value = std::getenv("HOME")) before = value;
    ::setenv("HOME", path.c_str(), 1);
  }
  ~Home() {
    before.empty() ? ::unsetenv("HOME") : ::setenv("HOME", before.c_str(), 1);
    fs::remove_all(path);
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  [[nodiscard]] std::string get(const std::string& name) const {
    std::ifstream file{path + "/Downloads/" + name};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  [[nodiscard]] std::size_t entries() const {
    const fs::directory_iterator all{path + "/Downloads"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  std::string path;
  std::string before;
};

/// Bytes that no two pieces share.
std::string some_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  std::uint32_t state = 1;
  for (auto& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24U);
  }
  return bytes;
}

/// True for the red of a recording's mark, as it comes out of an encoder.
bool is_mark(std::uint32_t rgb) {
  return (rgb >> 16U & 0xFFU) > 150 && (rgb >> 8U & 0xFFU) < 110 && (rgb & 0xFFU) < 110;
}

/// Paints, and waits until the viewer has seen some of it; nothing like the mark.
void show_colours(Rig& rig, Painter& painter, Viewer& viewer) {
  const int before = viewer.frames;
  std::uint32_t blue = 0x40;
  REQUIRE(rig.until([&] {
    painter.paint(0x206000 | (blue = (blue + 9) & 0xFFU));
    return viewer.frames > before + 5;
  }));
}

std::vector<std::string> recordings(const Home& home) {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator{home.path + "/Downloads"})
    if (entry.path().extension() == ".mkv") found.push_back(entry.path());
  return found;
}

/// How many pictures a player gets out of the file.
int pictures_in(const std::string& file) {
  const aerie::stream::MediaClock clock;
  auto player = aerie::stream::Pipeline::parse(
      "filesrc location=\"" + file +
          "\" ! matroskademux ! h264parse ! openh264dec ! appsink name=sink sync=false",
      clock);
  REQUIRE(player);
  REQUIRE(player->play());
  const auto sink = player->element("sink");
  int pictures = 0;
  while (const auto sample = aerie::stream::GstPtr<GstSample>{
             gst_app_sink_try_pull_sample(GST_APP_SINK(sink.get()), 5 * GST_SECOND)})
    ++pictures;
  player->stop();
  return pictures;
}

bool heard(const Viewer& viewer, const std::string& type, const std::string& reason = "") {
  for (const auto& message : viewer.heard)
    if (message["type"] == type && message.value("reason", "") == reason) return true;
  return false;
}

}  // namespace

TEST_CASE("the display follows who is in control, in the same peer", "[stream][display]") {
  const auto codec = GENERATE(Codec::h264, Codec::vp8);
  Rig rig;
  Painter painter;
  painter.paint(0xC02040);
  REQUIRE(rig.start(true, 0));
  const auto holder = rig.join(1, codec);
  const auto other = rig.join(2, codec);
  REQUIRE(holder);
  REQUIRE(other);
  rig.say({{"type", "control"}, {"epoch", 1}});
  other->send("input", R"({"type":"display","width":100,"height":80})");
  REQUIRE(rig.until([&] { return other->was_refused("not-in-control"); }));

  holder->send("input", R"({"type":"display","width":201,"height":151})");
  REQUIRE(rig.until([&] { return !rig.said("display").empty(); }));
  CHECK(rig.said("display").back()["width"] == 200);
  CHECK(rig.said("display").back()["height"] == 150);
  CHECK(rig.until([&] { return holder->width == 200 && other->height == 150; }));
  // What the server was started with is the largest it can be.
  holder->send("input", R"({"type":"display","width":3000,"height":2000})");
  CHECK(rig.until([&] { return holder->width == 320 && other->height == 240; }));
  holder->send("input", R"({"type":"button","button":1,"down":true,"x":310,"y":230})");
  CHECK(rig.next_input(painter, XCB_BUTTON_PRESS).x == 310);
  CHECK(rig.said("offer").size() == 2);
}

TEST_CASE("many sizes at once end at the last one", "[stream][display]") {
  Rig rig;
  Painter painter;
  REQUIRE(rig.start(true, 0));
  const auto holder = rig.join(1);
  REQUIRE(holder);
  rig.say({{"type", "control"}, {"epoch", 1}});
  for (int width = 100; width <= 300; width += 2)
    holder->send("input", Json{{"type", "display"}, {"width", width}, {"height", 100}}.dump());
  CHECK(rig.until([&] { return holder->width == 300; }));
  CHECK(rig.said("display").size() < 10);
}

TEST_CASE("a picture of the screen is told in parts, watched or not", "[stream][screenshot]") {
  Rig rig;
  Painter painter;
  painter.paint(0xC02040);
  REQUIRE(rig.start());
  rig.say({{"type", "screenshot"}, {"id", 7}, {"part", 0}});
  REQUIRE(rig.until([&] { return !rig.said("screenshot").empty(); }));
  const auto first = rig.said("screenshot").back();
  CHECK(first["id"] == 7);
  CHECK(first["part"] == 0);
  CHECK(first["parts"] == 1);
  CHECK_THAT(first["data"].get<std::string>(), Catch::StartsWith("iVBORw0KGgo"));
  rig.say({{"type", "screenshot"}, {"id", 6}, {"part", 1}});  // of a picture there is not
  rig.say({{"type", "screenshot"}, {"id", 8}, {"part", 0}});
  REQUIRE(rig.until([&] { return rig.said("screenshot").back()["id"] == 8; }));
  CHECK(rig.said("screenshot").size() == 2);
  rig.x.kill();
  rig.say({{"type", "screenshot"}, {"id", 9}, {"part", 0}});
  CHECK(rig.until([&] { return rig.status || rig.said("screenshot").size() > 2; }));
}

TEST_CASE("a file goes to the guest, and one of the guest's to the viewer", "[stream][files]") {
  const Home home;
  Rig rig;
  Painter painter;
  REQUIRE(rig.start(false, 4 << 20));
  const auto holder = rig.join(1);
  REQUIRE(holder);
  REQUIRE(rig.until([&] { return holder->has_files(); }));
  const auto content = some_bytes(700'000);

  holder->send("files", R"({"type":"upload","id":1,"name":"up.bin","bytes":700000})");
  REQUIRE(rig.until([&] { return heard(*holder, "refused", "not-in-control"); }));
  rig.say({{"type", "control"}, {"epoch", 1}});
  REQUIRE(rig.until([&] { return heard(*holder, "files"); }));
  holder->send("files", R"({"type":"upload","id":2,"name":"up.bin","bytes":700000})");
  REQUIRE(rig.until([&] { return heard(*holder, "accepted"); }));
  for (std::size_t from = 0; from < content.size(); from += max_chunk_bytes - 4)
    holder->send_bytes(make_chunk(2, std::string_view{content}.substr(from, max_chunk_bytes - 4)));
  REQUIRE(rig.until([&] { return heard(*holder, "done"); }));
  CHECK(home.get("up.bin") == content);

  // It is listed, and comes back as it went, while the picture goes on.
  const auto is_listed = [&] {
    const auto& last = holder->heard.back();
    return last["type"] == "files" && last["files"].size() == 1 &&
           last["files"][0]["name"] == "up.bin" && last["files"][0]["bytes"] == 700'000;
  };
  REQUIRE(rig.until(is_listed));
  holder->send("files", R"({"type":"download","id":3,"name":"up.bin"})");
  std::uint32_t colour = 0;
  const int before = holder->frames;
  REQUIRE(rig.until([&] {
    painter.paint(colour += 0x10203);
    return heard(*holder, "sent");
  }));
  CHECK(holder->bytes == content);
  CHECK(holder->frames > before + 5);
}

TEST_CASE("a viewer that leaves amid an upload leaves no file", "[stream][files]") {
  const Home home;
  Rig rig;
  Painter painter;
  REQUIRE(rig.start(false, 4 << 20));
  const auto holder = rig.join(1);
  REQUIRE(holder);
  rig.say({{"type", "control"}, {"epoch", 1}});
  REQUIRE(rig.until([&] { return heard(*holder, "files"); }));
  holder->send("files", R"({"type":"upload","id":1,"name":"half","bytes":100000})");
  REQUIRE(rig.until([&] { return heard(*holder, "accepted"); }));
  holder->send_bytes(make_chunk(1, std::string(1000, 'x')));
  CHECK(home.entries() == 1);
  rig.leave(1);
  aerie::stream::EventSource tick;
  const std::function<void()> again = [&] { tick = rig.loop.after(10ms, again); };
  again();
  CHECK(rig.until([&] { return home.entries() == 0; }));
}

TEST_CASE("where no files are carried there is no channel for them", "[stream][files]") {
  Rig rig;
  Painter painter;
  REQUIRE(rig.start());
  const auto viewer = rig.join(1);
  REQUIRE(viewer);
  CHECK_FALSE(viewer->has_files());
}

TEST_CASE("the screen is recorded into the guest's folder, with everybody told",
          "[stream][recording]") {
  const Home home;
  Rig rig;
  Painter painter;
  painter.paint(0xC02040);
  REQUIRE(rig.start(true, 4 << 20));
  const auto holder = rig.join(1);
  const auto other = rig.join(2);
  REQUIRE(holder);
  REQUIRE(other);
  rig.say({{"type", "control"}, {"epoch", 1}});
  other->send("input", R"({"type":"record","on":true})");
  REQUIRE(rig.until([&] { return other->was_refused("not-in-control"); }));
  const Json begun{{"type", "recording"}, {"on", true}};
  const Json ended{{"type", "recording"}, {"on", false}};
  holder->send("input", R"({"type":"record","on":true})");
  REQUIRE(rig.until([&] { return holder->has_heard(begun) && other->has_heard(begun); }));
  REQUIRE(rig.until([&] { return is_mark(holder->mark) && is_mark(other->mark); }));
  // Who comes later is told as well.
  const auto late = rig.join(3);
  REQUIRE(late);
  CHECK(rig.until([&] { return late->has_heard(begun); }));
  show_colours(rig, painter, *holder);

  // Another size is another file.
  holder->send("input", R"({"type":"display","width":200,"height":150})");
  REQUIRE(rig.until([&] { return holder->width == 200; }));
  show_colours(rig, painter, *holder);
  holder->send("input", R"({"type":"record","on":false})");
  REQUIRE(rig.until([&] { return holder->has_heard(ended) && late->has_heard(ended); }));
  CHECK(rig.until([&] { return !is_mark(holder->mark); }));
  const auto recorded = recordings(home);
  REQUIRE(recorded.size() == 2);
  for (const auto& file : recorded)
    CHECK(pictures_in(file) > 1);
}

TEST_CASE("a recording that is stopped at once, or is as large as it may be, ends by itself",
          "[stream][recording]") {
  const Home home;
  Rig rig;
  Painter painter;
  REQUIRE(rig.start(false, 2'000));
  const auto holder = rig.join(1);
  REQUIRE(holder);
  rig.say({{"type", "control"}, {"epoch", 1}});
  holder->send("input", R"({"type":"record","on":true})");
  holder->send("input", R"({"type":"record","on":false})");
  const auto ends = [&] {
    return std::count_if(holder->heard.begin(), holder->heard.end(), [](const Json& message) {
      return message["type"] == "recording" && message["on"] == false;
    });
  };
  REQUIRE(rig.until([&] { return ends() == 1; }));
  holder->send("input", R"({"type":"record","on":true})");
  std::uint32_t colour = 0;
  REQUIRE(rig.until([&] {
    painter.paint(colour += 0x10203);
    return ends() == 2;
  }));
  CHECK(holder->has_heard(
      {{"type", "recording"}, {"on", false}, {"problem", "it is as large as it may be"}}));
}
