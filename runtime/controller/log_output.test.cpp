#include "runtime/controller/log_output.hpp"

#include <catch2/catch.hpp>
#include <spdlog/spdlog.h>

#include "messages/cause.hpp"
#include "runtime/controller/caught_log.test.hpp"

using namespace aerie;
using aerie::testing::CaughtLog;

TEST_CASE("the log leaves out what is below its level", "[log-output]") {
  const CaughtLog log;
  set_log_form({"warning", "text"});
  spdlog::info("small talk");
  spdlog::warn("it burns");
  CHECK(log.text().find("small talk") == std::string::npos);
  CHECK(log.text().find("it burns") != std::string::npos);
}

TEST_CASE("a log in JSON is one object a line, whatever is said", "[log-output]") {
  const CaughtLog log;
  set_log_form({"debug", "json"});
  spdlog::debug("a \"quoted\" word\nand a second line \xff");
  const auto line = Json::parse(log.text());
  CHECK(line["level"] == "debug");
  CHECK(line["message"].get<std::string>().starts_with("a \"quoted\" word\nand"));
  CHECK(line["at"].get<std::string>().ends_with("Z"));
  CHECK(log.text().ends_with("}\n"));
}

TEST_CASE("what a line is about stands beside its text", "[log-output]") {
  const Json fields{{"session", "s"}, {"seq", 7}};
  {
    const CaughtLog log;
    set_log_form({"info", "json"});
    log_line(spdlog::level::warn, fields, "It ended.", "session=s seq=7 It ended.");
    spdlog::info("something else");
    const auto text = log.text();
    const auto line = Json::parse(text.substr(0, text.find('\n')));
    CHECK(line["session"] == "s");
    CHECK(line["seq"] == 7);
    CHECK(line["message"] == "It ended.");
    CHECK_FALSE(Json::parse(text.substr(text.find('\n') + 1)).contains("session"));
  }
  const CaughtLog log;
  set_log_form({"info", "text"});
  log_line(spdlog::level::warn, fields, "It ended.", "session=s seq=7 It ended.");
  CHECK(log.text().find("session=s seq=7 It ended.") != std::string::npos);
}
