#include "actors/stream/stream_figures.hpp"

#include <catch2/catch.hpp>

using namespace aerie;
using std::chrono::microseconds;

namespace {

Json said() {
  return Json::parse(R"({"type":"stats","afterMs":2000,"roundTripsUs":[1500,42000],
    "encoders":[{"codec":"h264","bytes":50000,"encodeUs":[3000,1000,2000,9000]}]})");
}

Json repeated(std::size_t count, const Json& value) {
  return std::vector<Json>(count, value);
}

double figure(const std::vector<ActorFigure>& all, const std::string& name) {
  for (const auto& each : all)
    if (each.name == name) return each.value;
  FAIL("no figure " + name);
  return 0;
}

}  // namespace

TEST_CASE("a streamer's figures are read and shown", "[stream]") {
  const auto figures = read_stream_figures(said());
  REQUIRE(figures);
  CHECK(figures->during == Duration{2000});
  REQUIRE(figures->encoders.size() == 1);
  CHECK(figures->encoders[0].codec == "h264");
  CHECK(figures->encoders[0].times.size() == 4);
  const auto shown = shown_figures(*figures);
  CHECK(figure(shown, "framesPerSecond") == 2);
  CHECK(figure(shown, "bitsPerSecond") == 200'000);
  CHECK(figure(shown, "encodeP50Ms") == 2);
  CHECK(figure(shown, "encodeP99Ms") == 9);
  CHECK(figure(shown, "roundTripMs") == 42);
}

TEST_CASE("a still picture has no times", "[stream]") {
  const auto figures = read_stream_figures(
      {{"afterMs", 1000}, {"encoders", Json::array()}, {"roundTripsUs", Json::array()}});
  REQUIRE(figures);
  const auto shown = shown_figures(*figures);
  CHECK(shown.size() == 2);
  CHECK(figure(shown, "framesPerSecond") == 0);
  const auto after = shown_figures(*figures, shown_figures(*read_stream_figures(said())));
  CHECK(figure(after, "framesPerSecond") == 0);
  CHECK(figure(after, "encodeP50Ms") == 2);
}

TEST_CASE("figures that no streamer has are nobody's", "[stream]") {
  const auto [path, value] = GENERATE(table<std::string, Json>({
      {"/afterMs", 0},
      {"/afterMs", 60'001},
      {"/afterMs", "1000"},
      {"/roundTripsUs", nullptr},
      {"/roundTripsUs", repeated(65, 1)},
      {"/roundTripsUs/0", -1},
      {"/encoders", Json::object()},
      {"/encoders", repeated(4, said()["encoders"][0])},
      {"/encoders/0", "h264"},
      {"/encoders/0/codec", "av1"},
      {"/encoders/0/codec", 7},
      {"/encoders/0/bytes", 1.5},
      {"/encoders/0/bytes", -1},
      {"/encoders/0/encodeUs", repeated(1025, 1)},
      {"/encoders/0/encodeUs/2", 60'000'001},
      {"/encoders/0/encodeUs/2", "3000"},
  }));
  CAPTURE(path, value);
  auto body = said();
  body[Json::json_pointer{path}] = value;
  CHECK_FALSE(read_stream_figures(body));
}
