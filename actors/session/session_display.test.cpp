#include <catch2/catch.hpp>

#include "actors/session/session_fixture.test.hpp"

using namespace aerie;
using namespace aerie::testing;

// The display's size, and pictures of it: what goes through the session to its real stream.

namespace {

/// The first 24 bytes of a PNG of 640x360, in base64.
constexpr const char* picture = "iVBORw0KGgoAAAANSUhEUgAAAoAAAAFo";

struct Fixture : SessionFixture {
  void says(Json body) { tell(session, VmStreamSays{"vm", std::move(body)}); }
  [[nodiscard]] std::vector<Json> asked() const {
    std::vector<Json> found;
    for (const auto& each : vm_heard->all<SendStream>())
      if (each.body.at("type") == "screenshot") found.push_back(each.body);
    return found;
  }
  auto ask_screenshot() { return ask_later<ScreenshotTaken>(session, TakeScreenshot{}); }
  void answer_part(const Json& asking, std::size_t parts, std::size_t bytes,
                   const std::string& data) {
    says({{"type", "screenshot"},
          {"id", asking.at("id")},
          {"part", asking.at("part")},
          {"parts", parts},
          {"bytes", bytes},
          {"data", data}});
  }
};

std::string code_of(const std::shared_ptr<std::optional<ScreenshotTaken>>& taken) {
  return *taken && (*taken)->refusal ? (*taken)->refusal->code : "";
}

}  // namespace

TEST_CASE("everybody hears that the display has another size, and newcomers see it",
          "[caf][session][display]") {
  Fixture world;
  world.stream_comes_up();
  const auto viewer = world.join(ViewerRole::host);
  CHECK_FALSE(viewer.last("welcome")["display"].contains("largest"));
  world.says({{"type", "display"}, {"width", 1000}, {"height", 700}});
  CHECK(viewer.last("display")["width"] == 1000);
  CHECK(viewer.last("display")["height"] == 700);
  CHECK(world.join(ViewerRole::viewer).last("welcome")["display"] ==
        Json{{"width", 1000}, {"height", 700}});
  // A streamer that begins says it too; the same size is no news.
  world.says({{"type", "ready"}, {"display", {{"width", 1000}, {"height", 700}}}});
  CHECK(viewer.count("display") == 1);
}

TEST_CASE("a guest that lies about its display is not heard", "[caf][session][display]") {
  Fixture world;
  world.stream_comes_up();
  const auto viewer = world.join(ViewerRole::host);
  for (const auto& wrong :
       {Json{{"type", "display"}, {"width", 0}, {"height", 700}},
        Json{{"type", "display"}, {"width", 1000}, {"height", 70'000}},
        Json{{"type", "display"}, {"width", "1000"}, {"height", 700}}, Json{{"type", "display"}}})
    world.says(wrong);
  CHECK(viewer.count("display") == 0);
}

TEST_CASE("a screenshot is fetched part by part, one for all who ask meanwhile",
          "[caf][session][screenshot]") {
  Fixture world;
  world.stream_comes_up();
  const auto first = world.ask_screenshot();
  const auto second = world.ask_screenshot();
  REQUIRE(world.asked().size() == 1);
  CHECK(world.asked()[0]["part"] == 0);
  world.answer_part(world.asked()[0], 2, 27, picture);
  REQUIRE(world.asked().size() == 2);
  CHECK(world.asked()[1]["part"] == 1);
  world.answer_part(world.asked()[1], 2, 27, "AAAA");
  REQUIRE(*first);
  REQUIRE((*first)->png);
  CHECK((*first)->png->size() == 27);
  REQUIRE(*second);
  CHECK((*second)->png == (*first)->png);

  CHECK(code_of(world.ask_screenshot()) == "rate-limited");
  world.advance(Duration{200});
  const auto third = world.ask_screenshot();
  CHECK(world.asked().size() == 3);
  CHECK_FALSE(*third);
}

TEST_CASE("a screenshot that does not come is refused with its reason",
          "[caf][session][screenshot]") {
  Fixture world;
  CHECK(code_of(world.ask_screenshot()) == "stream-not-up");
  world.stream_comes_up();
  const auto taken = world.ask_screenshot();
  REQUIRE(world.asked().size() == 1);
  SECTION("in time") {
    world.advance_at_once(Duration{10'000});
    CHECK(code_of(taken) == "unavailable");
    world.answer_part(world.asked()[0], 1, 24, picture);  // late
  }
  SECTION("at all") {
    world.says({{"type", "screenshot"}, {"id", world.asked()[0]["id"]}, {"error", "\x1b[31m"}});
    CHECK(code_of(taken) == "unavailable");
    CHECK((*taken)->refusal->message == "The guest could not take a picture.");
  }
  SECTION("as a picture") {
    world.answer_part(world.asked()[0], 1, 4, "AAAAAA==");
    CHECK(code_of(taken) == "unavailable");
  }
  SECTION("before the streamer ends") {
    auto news = child_news(link::ChildNewsKind::exited, "stream");
    news.exit = exit_of("stream", CauseKind::signal);
    world.tell(world.session, VmChildNews{"vm", news});
    world.tell(world.session,
               VmChildNews{"vm", child_news(link::ChildNewsKind::restarting, "stream")});
    CHECK(code_of(taken) == "stream-not-up");
  }
}
