#include "actors/stream/network_figures.hpp"

#include <catch2/catch.hpp>

using namespace aerie;

TEST_CASE("of viewers' networks the worst figures are shown", "[stream]") {
  const auto shown = read_network_figures(
      Json::parse(R"({"targetsBps":[6912000,850000],"lossesPermille":[0,104]})"));
  REQUIRE(shown);
  REQUIRE(shown->size() == 2);
  CHECK(shown->at(0).name == "targetBitsPerSecond");
  CHECK(shown->at(0).value == 850'000);
  CHECK(shown->at(1).name == "lossPercent");
  CHECK(shown->at(1).value == Approx(10.4));
  CHECK(read_network_figures(Json::object())->empty());
}

TEST_CASE("figures that no network has are nobody's", "[stream]") {
  const Json many = std::vector<Json>(65, 1);
  for (const auto& body :
       {Json{{"targetsBps", 1}}, Json{{"targetsBps", {1'000'000'001}}}, Json{{"targetsBps", many}},
        Json{{"targetsBps", {0.5}}}, Json{{"lossesPermille", {1001}}},
        Json{{"lossesPermille", {-1}}}, Json{{"lossesPermille", {"1"}}}, Json{7}})
    CHECK_FALSE(read_network_figures(body));
}
