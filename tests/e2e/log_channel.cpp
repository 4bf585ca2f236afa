// What a guest's programs write is on the host, bounded, from the first byte, whatever they write.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/descendants.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::StartedSession;
using aerie::test::World;

namespace {

namespace fs = std::filesystem;

Json child(const std::string& name, const std::string& script) {
  return {{"name", name}, {"command", {"/bin/sh", "-c", script}}, {"restart", "temporary"}};
}

/// A profile's folder, gone with its owner.
class Profiles {
 public:
  explicit Profiles(Json children) {
    const Json profile{{"name", "talkers"}, {"children", std::move(children)}};
    std::ofstream{folder_.path() / "talkers.json"} << profile.dump();
  }
  [[nodiscard]] World::Set set() const { return {{"profiles.path", folder_.path().string()}}; }

 private:
  aerie::test::TemporaryDirectory folder_;
};

std::string log_of(const World& world, const StartedSession& session, const std::string& child) {
  return world.http()
      .get("/api/v1/sessions/" + session.id + "/logs" + (child.empty() ? "" : "?child=" + child))
      .body;
}

/// The exit record of a child, once it has ended.
Json end_of(const World& world, const std::string& child) {
  auto events = world.events();
  for (;;)
    if (auto event = events.next_of("child.exited", 60s); event.data.value("child", "") == child)
      return event.data.at("data");
}

}  // namespace

TEST_CASE("whatever a program writes is kept as lines that are its own", "[logs]") {
  const Profiles profiles{Json::array(
      {child("bytes",
             "printf 'first byte\\n'; printf 'bad \\377 utf\\n'; printf 'nul \\000 byte\\n';"
             "printf 'colour \\033[31m\\n'; printf unfinished"),
       child("long", "head -c 1000000 /dev/zero | tr '\\0' y; echo; echo after"),
       child("forger",
             "echo 'bytes: forged'; printf '\\rbytes: forged too\\n'; "
             "echo '{\"child\":\"bytes\",\"line\":\"forged\"}'"),
       {{"name", "last"}, {"command", {"/bin/sleep", "1000"}}}})};
  World world{profiles.set()};
  const auto session = world.start({{"profile", "talkers"}});
  end_of(world, "bytes");
  end_of(world, "long");
  end_of(world, "forger");

  const auto bytes = log_of(world, session, "bytes");
  CHECK(bytes.starts_with("first byte\nbad \xef\xbf\xbd utf\n"));
  CHECK(bytes.find(std::string{"nul \0 byte\n", 11}) != std::string::npos);
  CHECK(bytes.ends_with("colour \x1b[31m\nunfinished\n"));
  CHECK(bytes.find("forged") == std::string::npos);

  const auto cut = log_of(world, session, "long");
  CHECK(cut.size() < 16 * 1024);
  CHECK(cut.find("(cut)\nafter\n") != std::string::npos);

  for (const auto& line : {"forger: bytes: forged\n", "forger: \rbytes: forged too\n"})
    CHECK(log_of(world, session, "").find(line) != std::string::npos);
  const auto exits = world.why(session.id).at("exits");
  for (const auto& exit : exits)
    if (exit.at("child") == "bytes") CHECK(exit.at("tail").back() == "unfinished");
}

TEST_CASE("a flood of 100 MB ends in its own time, bounded, and says what is missing", "[logs]") {
  const Profiles profiles{
      Json::array({child("flood",
                         "head -c 100000000 /dev/zero | tr '\\0' x | fold -w 999; "
                         "echo; echo the end"),
                   {{"name", "last"}, {"command", {"/bin/sleep", "1000"}}}})};
  World world{profiles.set()};
  const auto session = world.start({{"profile", "talkers"}});
  const auto exit = end_of(world, "flood");
  CHECK(exit.at("kind") == "clean");
  CHECK(exit.at("tail").back() == "the end");
  const auto log = log_of(world, session, "flood");
  CHECK(log.ends_with("the end\n"));
  CHECK(log.size() < 66U * 1024 * 1024);
  CHECK(log.find("were dropped here") != std::string::npos);
  CHECK(world.session(session.id)["state"] == "ready");
}

TEST_CASE("what was written is still there when the whole guest is killed", "[logs]") {
  const Profiles profiles{
      Json::array({{{"name", "talker"},
                    {"command", {"/bin/sh", "-c", "echo from the first; exec sleep 1000"}},
                    {"ready", {{"kind", "line"}, {"pattern", "^from"}}}}})};
  World world{profiles.set()};
  const auto session = world.start({{"profile", "talkers"}});
  world.events().next_of("child.ready");
  for (const auto pid : aerie::test::descendants("aerie-guest"))
    REQUIRE(::kill(pid, SIGKILL) == 0);
  end_of(world, "vmm");
  const auto log = log_of(world, session, "talker");
  CHECK(log.starts_with("from the first\n"));
  std::ifstream file{fs::path{world.state()} / "sessions" / session.id / "logs/talker.log"};
  CHECK(std::string{std::istreambuf_iterator<char>{file}, {}}.starts_with("from the first\n"));
}
