#include "actors/ledger/packed_timeline.hpp"

#include <catch2/catch.hpp>

using namespace aerie;

namespace {

Event event(std::int64_t at_ms, const std::string& kind, const std::string& vm, Json data) {
  return {7, Instant{Duration{at_ms}}, kind, "session", vm, "browser", std::move(data)};
}

}  // namespace

TEST_CASE("a packed timeline tells what was put into it", "[ledger]") {
  PackedTimeline timeline;
  CHECK(timeline.empty());
  const std::vector<Event> told{
      event(1'700'000'000'123, "child.exited", "first", {{"signal", "SIGKILL"}, {"uptimeMs", 1.5}}),
      event(1'700'000'000'100, "vm.state", "first", {{"state", "failed"}}),  // clocks go back
      event(1'700'000'009'000, "vm.replaced", "second", Json::object()),
      event(1'700'000'009'000, "a kind of tomorrow", "", nullptr)};
  for (const auto& each : told)
    timeline.add(each);
  const auto unpacked = timeline.unpack("session");
  REQUIRE(unpacked.size() == told.size());
  for (std::size_t i = 0; i < told.size(); ++i) {
    INFO(i);
    CHECK(unpacked[i]->at == told[i].at);
    CHECK(unpacked[i]->kind == told[i].kind);
    CHECK(unpacked[i]->session == "session");
    CHECK(unpacked[i]->vm == told[i].vm);
    CHECK(unpacked[i]->child == "browser");
    CHECK(unpacked[i]->data == told[i].data);
  }
}

TEST_CASE("a timeline keeps the newest, each at a small price", "[ledger]") {
  PackedTimeline timeline;
  constexpr std::size_t many = 5'000;
  for (std::size_t i = 0; i < many; ++i)
    timeline.add(event(1'700'000'000'000 + static_cast<std::int64_t>(i), "child.ready",
                       "0d3cbd1a-7a6e-4a43-8f5c-6f4f9ad4be00", {{"restarts", i}}));
  const auto unpacked = timeline.unpack("session");
  CHECK(unpacked.size() >= PackedTimeline::max_events);
  CHECK(unpacked.size() == timeline.size());
  CHECK(unpacked.size() < 2 * PackedTimeline::max_events);
  CHECK(unpacked.back()->data["restarts"] == many - 1);
  CHECK(unpacked.front()->data["restarts"] == many - unpacked.size());
  CHECK(timeline.bytes() < 50 * unpacked.size());
}
