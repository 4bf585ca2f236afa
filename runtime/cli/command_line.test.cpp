#include "runtime/cli/command_line.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "runtime/cli/http_get.hpp"
#include "runtime/cli/terminal_text.hpp"
#include "runtime/cli/why_text.hpp"

namespace fs = std::filesystem;
using namespace aerie;

namespace {

/// Takes what is written to standard output and error while it lives.
class Captured {
 public:
  Captured() : out_(std::cout.rdbuf(out.rdbuf())), errors_(std::cerr.rdbuf(errors.rdbuf())) {}
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  ~Captured() {
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(errors_);
  }
  std::ostringstream out;
  std::ostringstream errors;

 private:
  std::streambuf* out_;
  std::streambuf* errors_;
};

struct Ran {
  int status = 0;
  std::string out;
  std::string errors;
  std::optional<Settings> served;
};

Ran run(std::vector<std::string> words, Result<void> served = {}) {
  std::vector<const char*> argv{"aerie"};
  for (const auto& word : words)
    argv.push_back(word.c_str());
  Ran ran;
  const Captured captured;
  ran.status = run_command_line(static_cast<int>(argv.size()), argv.data(),
                                [&](const ServeRequest& request) {
                                  ran.served = request.configuration.settings;
                                  return served;
                                });
  ran.out = captured.out.str();
  ran.errors = captured.errors.str();
  return ran;
}

class TempFolder {
 public:
  TempFolder() {
    std::string name = "/tmp/aerie-cli-XXXXXX";
    path = mkdtemp(name.data());
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() { fs::remove_all(path); }
  std::string path;
};

}  // namespace

TEST_CASE("the version names what the program was built with", "[cli]") {
  const auto ran = run({"--version"});
  CHECK(ran.status == 0);
  for (const auto* name :
       {"CAF 0.", "GStreamer 1.", "libwebsockets 4.", "nlohmann/json 3.", "Catch2 2.", "SQLite 3."})
    CHECK(ran.out.find(name) != std::string::npos);
}

TEST_CASE("help is fine, wrong usage is refused in two lines", "[cli]") {
  CHECK(run({"--help"}).status == 0);
  CHECK(run({"serve", "--help"}).status == 0);
  const std::vector<std::vector<std::string>> wrong{
      {},      {"nothing"},       {"serve", "extra"}, {"serve", "--nope"},
      {"why"}, {"why", "a", "b"}, {"--state"},        {"kernel"}};
  for (const auto& words : wrong) {
    const auto ran = run(words);
    CAPTURE(ran.errors);
    CHECK(ran.status == 2);
    CHECK(std::count(ran.errors.begin(), ran.errors.end(), '\n') == 2);
    CHECK_FALSE(ran.served);
  }
}

TEST_CASE("the state directory stands before or after the command", "[cli]") {
  const TempFolder folder;
  const auto state = folder.path + "/a/b";
  for (const auto& words : {std::vector<std::string>{"--state", state, "serve"},
                            std::vector<std::string>{"serve", "--state", state + "/"},
                            std::vector<std::string>{"serve", "--state=" + state}}) {
    const auto ran = run(words);
    CAPTURE(ran.errors);
    CHECK(ran.status == 0);
    REQUIRE(ran.served);
    CHECK(ran.served->state == state);
  }
}

TEST_CASE("serve hands on what it was told", "[cli]") {
  const TempFolder folder;
  const auto ran = run({"serve", "--state", folder.path, "--listen", "[::1]:0", "--stop-guests",
                        "--set", "limits.sessions=3", "--set", "limits.viewers=4"});
  REQUIRE(ran.served);
  CHECK(ran.served->listen == "[::1]:0");
  CHECK(ran.served->stop_guests);
  CHECK(ran.served->limits.sessions == 3);
  CHECK(ran.served->limits.viewers == 4);
}

TEST_CASE("serve refuses before it starts anything", "[cli]") {
  const TempFolder folder;
  const auto state = folder.path + "/state";
  const std::vector<std::pair<std::vector<std::string>, std::string>> rows{
      {{"--set", "limits.sesions=3"}, "limits.sessions"},
      {{"--config", "/nonexistent"}, "/nonexistent"},
      {{"--listen", "0.0.0.0:0"}, "http.tls.cert"},
      {{"--listen", "nowhere"}, "HOST:PORT"},
      {{"--set", "profile=nothing"}, "nothing"},
      {{"--set", "profiles.path=/nonexistent"}, "/nonexistent"},
  };
  for (const auto& [words, named] : rows) {
    std::vector<std::string> all{"serve", "--state", state};
    all.insert(all.end(), words.begin(), words.end());
    const auto ran = run(all);
    CAPTURE(ran.errors);
    CHECK(ran.status == 2);
    CHECK(ran.errors.find(named) != std::string::npos);
    CHECK_FALSE(ran.served);
  }
}

TEST_CASE("a controller that could not run is told with its remedy", "[cli]") {
  const TempFolder folder;
  const auto ran =
      run({"serve", "--state", folder.path},
          tl::unexpected(Cause{CauseKind::port_in_use, "The port is taken.", "Take another.", {}}));
  CHECK(ran.status == 1);
  CHECK(ran.errors == "aerie: The port is taken.\nTake another.\n");
}

TEST_CASE("config shows every key with value and source", "[cli]") {
  const auto ran = run({"config", "--effective", "--set", "limits.sessions=7"});
  CHECK(ran.status == 0);
  CHECK(ran.out.find("--set") != std::string::npos);
  CHECK(ran.out.find("network.pool") != std::string::npos);
  const auto json = Json::parse(run({"config", "--json"}).out);
  CHECK(json.is_array());
  CHECK(run({"config"}).out.find("AERIE_LIMITS_SESSIONS") != std::string::npos);
  CHECK(run({"config", "--set", "x=1"}).status == 2);
}

TEST_CASE("why without a controller and a state is a plain no", "[cli]") {
  const TempFolder folder;
  const auto ran = run({"why", "abc", "--state", folder.path});
  CHECK(ran.status == 1);
  CHECK(ran.errors.find(folder.path) != std::string::npos);
  CHECK(fs::is_empty(folder.path));
}

TEST_CASE("doctor knows its profiles and drivers", "[cli]") {
  const TempFolder folder;
  CHECK(run({"doctor", "--state", folder.path, "--profile", "nothing"}).status == 1);
  CHECK(run({"doctor", "--state", folder.path, "--driver", "nothing"}).status == 1);
}

TEST_CASE("a response is read when it is whole", "[cli]") {
  const auto answer =
      parse_answer("HTTP/1.1 200 OK\r\nX: y\r\ncontent-LENGTH: 2\r\n\r\n{}").value();
  CHECK(answer.status == 200);
  CHECK(answer.body == "{}");
  for (const auto* text : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n{}",
                           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
                           "HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n", "SSH-2.0\r\n\r\n"})
    CHECK_FALSE(parse_answer(text).has_value());
  CHECK(encode_path("a/b c?#\xc3") == "a/b%20c%3F%23%C3");
}

TEST_CASE("what guests said can't drive a terminal", "[cli]") {
  CHECK(terminal_text("a\tb\x1b[2J\n\x7f\xc2\x9b") == "a\tb\\x1b[2J\\x0a\\x7f\\xc2\\x9b");
  CHECK(terminal_text("gr\xc3\xbc\xc3\x9f") == "gr\xc3\xbc\xc3\x9f");
  const auto why = Json::parse(R"({"subject":{"kind":"session","id":"s"},"state":"failed",
    "cause":{"kind":"hung","message":"m","remedy":"r","evidence":["e\u001b[1m"]},"stage":"linked",
    "exits":[{"child":"c","kind":"signal","message":"x","at":"t","tail":["last"]}],
    "timeline":[{"at":"t","kind":"k","detail":"d"}],
    "retirement":{"reason":"idle","by":"reaper","answers":[{"who":"w","answer":"grant","why":""}]},
    "logs":{"c":"sessions/s/logs/c.log"}})");
  const auto text = why_text(why);
  CHECK(text.find('\x1b') == std::string::npos);
  for (const auto* part : {"session s: failed (stage linked)", "hung: m", "| last",
                           "idle by reaper", "sessions/s/logs/c.log"})
    CHECK(text.find(part) != std::string::npos);
  CHECK(why_text(Json::object()).find("nothing is wrong") != std::string::npos);
}

TEST_CASE("inspect says whether a program can start, and why not", "[cli]") {
  const auto fine = run({"inspect", "sh"});
  CHECK(fine.status == 0);
  CHECK(fine.errors.empty());
  CHECK(fine.out.find("libc.so.6 => /") != std::string::npos);

  const auto json = run({"inspect", "/bin/sh", "--json"});
  CHECK(json.status == 0);
  const auto document = Json::parse(json.out);
  CHECK(document.at("canStart") == true);
  CHECK(document.at("cause").is_null());
  CHECK(document.at("elf").at("class") == 64);

  const TempFolder root;
  fs::create_directories(root.path + "/bin");
  fs::copy_file("/bin/sh", root.path + "/bin/sh");
  for (const auto& file : {std::string("/bin/sh"), root.path + "/bin/sh"}) {
    const auto ran = run({"inspect", file, "--root", root.path});
    CHECK(ran.status == 1);
    CHECK(ran.errors.find("ld-linux") != std::string::npos);
    CHECK(std::count(ran.errors.begin(), ran.errors.end(), '\n') == 2);
    CHECK(ran.out.find("loader-missing") != std::string::npos);
  }
  const auto refused = Json::parse(run({"inspect", "sh", "--root", root.path, "--json"}).out);
  CHECK(refused.at("cause").at("kind") == "loader-missing");
  CHECK(run({"inspect", "sh", "--root", root.path + "/nowhere"}).status == 1);
  CHECK(run({"inspect"}).status == 2);
}
