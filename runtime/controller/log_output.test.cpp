#include "runtime/controller/log_output.hpp"

#include <catch2/catch.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sstream>

#include "messages/cause.hpp"

using namespace aerie;

namespace {

/// The process's log, caught while this lives.
class CaughtLog {
 public:
  CaughtLog() {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "caught", std::make_shared<spdlog::sinks::ostream_sink_mt>(stream_)));
  }
  CaughtLog(const CaughtLog&) = delete;
  CaughtLog& operator=(const CaughtLog&) = delete;
  ~CaughtLog() { spdlog::set_default_logger(before_); }

  [[nodiscard]] std::string text() const { return stream_.str(); }

 private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream stream_;
};

}  // namespace

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
