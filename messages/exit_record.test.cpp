#include "messages/exit_record.hpp"

#include <catch2/catch.hpp>

using aerie::CauseKind;
using aerie::ExitRecord;
using aerie::Json;

namespace {

ExitRecord full() {
  return {"stream",
          4711,
          CauseKind::signal,
          "stream was ended by the signal SIGSEGV.",
          std::nullopt,
          "SIGSEGV",
          std::nullopt,
          std::nullopt,
          1234,
          2,
          *aerie::from_rfc3339("2026-01-31T08:05:09.120Z"),
          {"last words"},
          "Read them."};
}

}  // namespace

TEST_CASE("an exit record is written as the contract says", "[exit_record]") {
  const Json json = full();
  CHECK(json == Json{{"child", "stream"},
                     {"pid", 4711},
                     {"kind", "signal"},
                     {"message", "stream was ended by the signal SIGSEGV."},
                     {"signal", "SIGSEGV"},
                     {"uptimeMs", 1234},
                     {"restarts", 2},
                     {"at", "2026-01-31T08:05:09.120Z"},
                     {"tail", {"last words"}},
                     {"remedy", "Read them."}});
  CHECK(json.get<ExitRecord>() == full());
  CHECK(aerie::parse_exit_record(json) == full());
}

TEST_CASE("each malformed field of a guest's record is named", "[exit_record]") {
  const Json good = full();
  const std::vector<std::pair<const char*, Json>> changes{
      {"child", 1},         {"pid", -1},       {"pid", 1.5},    {"kind", "none"},
      {"message", nullptr}, {"code", 256},     {"signal", 11},  {"uptimeMs", -1},
      {"restarts", 1e300},  {"at", "gestern"}, {"tail", "line"}};
  for (const auto& [name, value] : changes) {
    auto bad = good;
    bad[name] = value;
    INFO(bad.dump());
    const auto record = aerie::parse_exit_record(bad);
    REQUIRE_FALSE(record);
    CHECK(record.error().kind == CauseKind::link_violation);
    CHECK_THAT(record.error().message, Catch::Contains(name));
  }
  for (const auto* name : {"child", "kind", "message", "uptimeMs", "restarts", "at", "tail"}) {
    auto bad = good;
    bad.erase(name);
    CHECK_FALSE(aerie::parse_exit_record(bad));
  }
  CHECK_FALSE(aerie::parse_exit_record(Json::array()));
}

TEST_CASE("a guest's long texts are cut between characters", "[exit_record]") {
  auto record = full();
  record.message = std::string(4095, 'x') + "\xc3\xa4";
  record.tail.assign(200, "line");
  const auto parsed = aerie::parse_exit_record(Json(record));
  REQUIRE(parsed);
  CHECK(parsed->message == std::string(4095, 'x'));
  CHECK(parsed->tail.size() == 50);
}
