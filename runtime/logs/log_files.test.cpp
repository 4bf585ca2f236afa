#include "runtime/logs/log_files.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <sys/stat.h>

#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/waiting.hpp"

using namespace aerie;
using aerie::testing::Eventually;
using aerie::testing::TemporaryDirectory;

namespace {

struct Fixture {
  explicit Fixture(std::uint64_t most_bytes = LogFiles::max_bytes)
      : logs(disk, state.path(), most_bytes) {
    logs.assign("vm", "session");
  }
  void say(const std::string& child, std::vector<std::string> lines, bool is_error = false) {
    logs.append("vm", {child, is_error, std::move(lines)}, Instant{});
  }
  std::string read(const std::string& child = "", bool jsonl = false) {
    Eventually<std::string> text;
    logs.read({"session", child, {}, jsonl},
              [&](std::string chunk, bool) { text.set(std::move(chunk)); });
    return text.get();
  }
  std::string file(const std::string& name) {
    disk.call([] {});
    std::ifstream stream{state.path() + "/sessions/session/logs/" + name};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }

  TemporaryDirectory state;
  Reactor disk;
  LogFiles logs;
};

}  // namespace

TEST_CASE("each child's lines are its own, raw in its file, marked where merged", "[logs]") {
  Fixture fixture;
  fixture.say("browser", {"hello", "agent: forged"});
  fixture.say("agent", {"mine"}, true);
  CHECK(fixture.read("browser") == "hello\nagent: forged\n");
  CHECK(fixture.read("agent") == "mine\n");
  CHECK(fixture.read() == "browser: hello\nbrowser: agent: forged\nagent: mine\n");
  CHECK(fixture.file("browser.log") == "hello\nagent: forged\n");
  const auto line = Json::parse(fixture.read("agent", true));
  CHECK(line["n"] == 3);
  CHECK(line["stream"] == "stderr");
}

TEST_CASE("the next controller's lines go on after those of the one before", "[logs]") {
  Fixture fixture;
  fixture.say("agent", {"one", "two"});
  fixture.file("agent.log");
  LogFiles next{fixture.disk, fixture.state.path()};
  next.assign("vm", "session");
  next.append("vm", {"agent", false, {"three"}}, Instant{});
  CHECK(fixture.file("agent.log") == "one\ntwo\nthree\n");
  const auto merged = fixture.file("merged.jsonl");
  const auto last = merged.rfind('\n', merged.size() - 2) + 1;
  CHECK(Json::parse(merged.substr(last))["n"] == 3);
}

TEST_CASE("a session's lines are bounded, and it is said where and how many are missing",
          "[logs]") {
  Fixture fixture{4096};
  for (int i = 0; i < 100; ++i)
    fixture.say("flood", {std::string(99, 'x')});
  const auto text = fixture.read();
  CHECK(text.size() < 8192);
  CHECK_THAT(text, Catch::Contains("the log has reached its 4096 bytes"));
  const auto kept = fixture.read("flood").size() / 100;
  fixture.logs.close("session");
  CHECK_THAT(fixture.read(),
             Catch::EndsWith(std::to_string(100 - kept) + " lines were dropped from there on\n"));
}

TEST_CASE("what the disk did not take is counted and told", "[logs]") {
  Fixture fixture;
  const auto folder = fixture.state.path() + "/sessions/session/logs";
  fixture.say("agent", {"first"});
  CHECK(fixture.read() == "agent: first\n");
  // A folder in the place of the next child's file: its lines can't be written.
  REQUIRE(::mkdir((folder + "/other.log").c_str(), 0700) == 0);
  fixture.say("other", {"a", "b"});
  fixture.say("agent", {"again"});
  const auto text = fixture.read();
  CHECK_THAT(text, Catch::Contains("1 lines were not written here"));
  CHECK_THAT(text, Catch::EndsWith("agent: again\n"));
}

TEST_CASE("who follows gets what is kept, each new line, and the end", "[logs]") {
  Fixture fixture;
  fixture.say("agent", {"before"});
  std::string heard;
  Eventually<bool> ended;
  fixture.logs.follow({"session", "agent", {}, false}, [&](const std::string& chunk, bool is_end) {
    heard += chunk;
    if (is_end) ended.set(true);
  });
  fixture.say("browser", {"not asked for"});
  fixture.say("agent", {"after"});
  fixture.logs.close("session");
  ended.get();
  CHECK(heard == "before\nafter\n");
}

TEST_CASE("who follows a console gets what there is, what it says, and its end", "[logs]") {
  Fixture fixture;
  const auto folder = fixture.state.path() + "/vms/vm";
  std::filesystem::create_directories(folder);
  std::ofstream console{folder + "/console.log", std::ios::app};
  console << "Linux version 6\nready\n" << std::flush;
  std::vector<Eventually<std::string>> parts(2);
  Eventually<bool> ended;
  std::size_t next = 0;
  ConsoleQuery query;
  query.vm = "vm";
  query.tail = 1;
  fixture.logs.follow_console(query, [&](std::optional<std::string> text, bool is_end) {
    if (is_end)
      ended.set(text.has_value());
    else
      parts.at(next++).set(*std::move(text));
  });
  CHECK(parts[0].get() == "ready\n");
  console << "more\n" << std::flush;
  CHECK(parts[1].get() == "more\n");
  std::filesystem::remove_all(folder);
  console.close();
  CHECK(ended.get());
}

TEST_CASE("there is no console to follow where a guest has none", "[logs]") {
  Fixture fixture;
  Eventually<bool> has_text;
  ConsoleQuery query;
  query.vm = "vm";
  fixture.logs.follow_console(query, [&](std::optional<std::string> text, bool is_end) {
    CHECK(is_end);
    has_text.set(text.has_value());
  });
  CHECK_FALSE(has_text.get());
}

TEST_CASE("logs of a session that is over are read from its tombstone", "[logs]") {
  Fixture fixture;
  fixture.say("agent", {"one", "two"});
  fixture.disk.call([] {});
  const auto place = fixture.state.path() + "/tombstones/session";
  std::filesystem::create_directories(place);
  std::filesystem::copy(fixture.state.path() + "/sessions/session/logs", place + "/logs");
  Eventually<bool> removed;
  fixture.logs.remove("session",
                      [&](const std::optional<Cause>& failure) { removed.set(!failure); });
  REQUIRE(removed.get());
  CHECK_FALSE(std::filesystem::exists(fixture.state.path() + "/sessions/session"));
  CHECK(fixture.read("agent") == "one\ntwo\n");
  CHECK(fixture.read() == "agent: one\nagent: two\n");
  Eventually<std::string> followed;
  fixture.logs.follow({"session", "agent", 1, true}, [&](const std::string& chunk, bool is_end) {
    CHECK(is_end);
    followed.set(chunk);
  });
  CHECK(Json::parse(followed.get())["line"] == "two");
}
