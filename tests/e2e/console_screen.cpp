// The operators' console over a whole terminal, as a person sees it and presses its keys.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "tests/support/aerie_command.hpp"
#include "tests/support/console_stand_in.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/event_stream.hpp"
#include "tests/support/many_actors.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/terminal.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::aerie_program;
using aerie::test::ServeProcess;
using aerie::test::shows;
using aerie::test::TemporaryDirectory;
using aerie::test::Terminal;
using aerie::test::TerminalOptions;

namespace {

/// A controller with one session of one program, and a terminal before it.
struct Desk {
  explicit Desk(TerminalOptions options = {}, const std::string& flags = "") {
    const Json child{{"name", "main"},
                     {"command", {"sh", "-c", "echo here I am; exec sleep 1000"}}};
    std::ofstream{profiles.path() / "small.json"}
        << Json{{"name", "small"}, {"children", Json::array({child})}}.dump();
    controller.emplace(state.path().string(), "127.0.0.1:0", set());
    const auto created =
        controller->http().post("/api/v1/sessions", {{"userId", "tester"}, {"profile", "small"}});
    session = created.json()["id"].get<std::string>();
    vm = created.json()["vm"]["id"].get<std::string>();
    terminal.emplace(
        "'" + aerie_program() + "' console " + flags + " --state '" + state.path().string() + "'",
        std::move(options));
    if (!flags.empty()) return;
    terminal->wait_for("session " + session.substr(0, 8));
    terminal->wait_for("main");
  }

  [[nodiscard]] ServeProcess::Set set() const {
    return {{"profiles.path", profiles.path().string()}};
  }
  [[nodiscard]] Json why() const { return controller->http().get("/api/v1/why/" + session).json(); }
  [[nodiscard]] Json document() const {
    return controller->http().get("/api/v1/sessions/" + session).json();
  }
  /// Chooses the guest's process.
  void choose_main() {
    terminal->type("/");
    terminal->wait_for("search: ");
    terminal->type("main");
    terminal->press("Enter");
    terminal->wait_without("search: ");
  }

  TemporaryDirectory state;
  TemporaryDirectory profiles;
  std::optional<ServeProcess> controller;
  std::string session;
  std::string vm;
  std::optional<Terminal> terminal;
};

/// The line that shows a text; empty where none does.
std::string line_of(const std::vector<std::string>& lines, const std::string& text) {
  for (const auto& line : lines)
    if (line.find(text) != std::string::npos) return line;
  return {};
}

}  // namespace

TEST_CASE("80 by 24 shows every session and guest, and gives the terminal back",
          "[console][screen]") {
  Desk desk;
  const auto lines = desk.terminal->wait_for("vm " + desk.vm.substr(0, 8));
  CHECK(lines.size() <= 24);
  for (const auto& line : lines)
    CHECK(line.size() <= std::size_t{80} * 4);
  for (const auto* name : {"root", "node", "ledger", "services", "NAME", "STATE", "q quit"}) {
    INFO(name);
    CHECK(shows(lines, name));
  }
  desk.terminal->type("q");
  CHECK(shows(desk.terminal->wait_for("ended with"), "ended with 0"));
}

TEST_CASE("each pane tells what it is called after", "[console][screen]") {
  Desk desk;
  auto& terminal = *desk.terminal;
  desk.choose_main();
  terminal.press("Enter");
  terminal.wait_for("[why]");
  terminal.wait_for("child.ready");
  terminal.press("Tab");
  terminal.wait_for("[logs]");
  terminal.wait_for("here I am");
  terminal.press("Tab");
  terminal.wait_for("[events]");
  terminal.wait_for("session.state");
  terminal.press("Tab");
  terminal.wait_for("[inspect]");
  terminal.wait_for("processed: ");
  terminal.press("Tab");
  terminal.wait_for("[leases]");
  terminal.wait_for("directory");
  terminal.press("Tab");
  terminal.wait_for("[holds]");
  terminal.wait_for("There are none.");
  terminal.press("Enter");
  terminal.wait_without("[holds]");

  terminal.type("?");
  terminal.wait_for("restart a child");
  terminal.type(":");
  terminal.wait_for(":_");
  terminal.type("ps");
  terminal.press("Enter");
  CHECK_FALSE(line_of(terminal.wait_for(desk.vm.substr(0, 8)), "main").empty());
  terminal.type(":");
  terminal.wait_for(":_");
  terminal.type("tre");
  terminal.press("Enter");
  terminal.wait_for("tree");
}

TEST_CASE("what is touched is named, and asked for once", "[console][screen]") {
  Desk desk;
  auto& terminal = *desk.terminal;
  desk.choose_main();
  terminal.type("k");
  auto lines = terminal.wait_for("(y/n)");
  CHECK(shows(lines, "Kill 'main' of vm " + desk.vm.substr(0, 8) + ", pid "));
  terminal.type("n");
  terminal.wait_without("(y/n)");
  CHECK(desk.why()["exits"].empty());
  terminal.type("k");
  terminal.wait_for("(y/n)");
  terminal.type("y");
  terminal.wait_for("Done: kill");
  terminal.press("Enter");
  terminal.wait_for("SIGKILL");
  CHECK(desk.why()["exits"].size() == 1);
  terminal.press("Enter");
  // It is well again; where there is room, the tree still tells.
  terminal.resize(200, 40);
  terminal.wait_for("last end: main");
  terminal.resize(80, 24);
  terminal.type("r");
  CHECK(shows(terminal.wait_for("(y/n)"), "main"));
  terminal.type("y");
  terminal.wait_for("Done: restart");

  terminal.type("h");
  terminal.wait_for("name and reason: ");
  terminal.type("court case 12");
  terminal.press("Enter");
  terminal.wait_for("(y/n)");
  terminal.type("y");
  terminal.wait_for("Done: hold");
  CHECK(desk.document()["holds"].at(0)["reason"] == "case 12");
  terminal.type("u");
  terminal.wait_for("which hold");
  terminal.type("court");
  terminal.press("Enter");
  terminal.wait_for("(y/n)");
  terminal.type("y");
  terminal.wait_for("Done: release");
  CHECK(desk.document()["holds"].empty());

  terminal.type("d");
  terminal.wait_for("no new sessions");
  terminal.type("y");
  terminal.wait_for("Done: drain");
  terminal.wait_for("draining");
  terminal.type("D");
  terminal.wait_for("(y/n)");
  terminal.type("y");
  terminal.wait_without("draining");

  terminal.type("x");
  CHECK(shows(terminal.wait_for("(y/n)"), "the end of vm " + desk.vm.substr(0, 8)));
  terminal.type("y");
  terminal.wait_without("session " + desk.session.substr(0, 8));
  CHECK(desk.document()["state"] == "ended");
}

TEST_CASE("rows are folded, filtered, sorted and searched", "[console][screen]") {
  Desk desk;
  auto& terminal = *desk.terminal;
  terminal.type("f");
  terminal.wait_for("filter: ");
  terminal.type("main");
  terminal.press("Enter");
  auto lines = terminal.wait_without("ledger");
  CHECK(shows(lines, "main"));
  terminal.type("f");
  terminal.press("Enter");
  terminal.wait_for("ledger");

  terminal.type("/");
  terminal.type("vm");
  terminal.press("Enter");
  terminal.wait_without("search: ");
  terminal.press("Left");
  CHECK_FALSE(line_of(terminal.wait_for("+ main"), desk.vm.substr(0, 8)).empty());
  terminal.press("Right");
  terminal.wait_without("+ main");
  for (const auto* order : {"name", "mailbox", "messages", "restarts", "tree"}) {
    terminal.type("s");
    terminal.wait_for(std::string("sorted by ") + order);
  }
  terminal.type("/");
  terminal.type("nobody here");
  terminal.press("Enter");
  terminal.wait_for("is nowhere");
}

TEST_CASE("the screen takes any size, and another while it runs", "[console][screen]") {
  Desk desk;
  auto& terminal = *desk.terminal;
  desk.choose_main();
  terminal.press("Enter");
  terminal.wait_for("[why]");
  terminal.resize(160, 50);
  // What 80 columns cut off: the end of the subject's id.
  terminal.wait_for(desk.vm + "/main");
  CHECK(line_of(terminal.wait_for("MEM"), "MEM").size() > 150);
  terminal.resize(24, 5);
  terminal.wait_without("MEM");
  terminal.resize(80, 24);
  terminal.wait_for("MEM");
  terminal.wait_for("[why]");
  terminal.type("q");
  CHECK(shows(terminal.wait_for("ended with"), "ended with 0"));
}

TEST_CASE("ten thousand actors are walked through, found and seen to change", "[console][screen]") {
  const TemporaryDirectory state;
  aerie::test::ConsoleStandIn controller{state.path().string()};
  Terminal terminal("'" + aerie_program() + "' console --state '" + state.path().string() + "'");
  controller.wait_for_watch();
  controller.tell(aerie::test::many_actors());
  terminal.wait_for("1250 sessions  1250 VMs  10002 in the tree");
  terminal.press("End");
  terminal.wait_for("vm 000004e1");
  terminal.press("Home");
  terminal.wait_for("root");
  terminal.type("/");
  terminal.wait_for("search: ");
  terminal.type("000002a0-0000-4000-8000-session");
  terminal.press("Enter");
  terminal.wait_for("session 000002a0");
  terminal.press("Right");
  terminal.wait_for("peer 000002a0");
  for (int time = 0; time < 20; ++time)
    controller.tell(aerie::test::many_actors_change(time));
  auto failed = aerie::test::one_of_many(0x2a0);
  failed["state"] = "failed";
  failed["reason"] = "A planted reason.";
  controller.tell({{"nodes", {failed}}});
  terminal.wait_for("failed");
  terminal.type("f");
  terminal.wait_for("filter: ");
  terminal.type("planted");
  terminal.press("Enter");
  const auto lines = terminal.wait_without("000002a1");
  CHECK(shows(lines, "session 000002a0"));
  terminal.type("s");
  terminal.wait_for("sorted by name");
  terminal.type("q");
  CHECK(shows(terminal.wait_for("ended with"), "ended with 0"));
}

TEST_CASE("a terminal without colours shows the same", "[console][screen]") {
  const auto styled_on = [](const std::string& term) {
    TerminalOptions options;
    options.term = "tmux-256color";
    Desk desk(options, "--lines");
    desk.terminal->wait_for("aerie>");
    // Another program of the same terminal, which is told that it is an older one.
    Terminal other("TERM=" + term + " '" + aerie_program() + "' console --state '" +
                   desk.state.path().string() + "'");
    other.wait_for("session " + desk.session.substr(0, 8));
    other.wait_for("ready");
    return other.styled();
  };
  const std::string green = "\x1b[32m";
  CHECK(styled_on("tmux-256color").find(green) != std::string::npos);
  const auto plain = styled_on("vt100");
  CHECK(plain.find(green) == std::string::npos);
  CHECK(plain.find("\x1b[7m") != std::string::npos);
}

TEST_CASE("a screen whose controller goes says so", "[console][screen]") {
  Desk desk;
  desk.controller->end(SIGKILL);
  const auto lines = desk.terminal->wait_for("ended with");
  CHECK(shows(lines, "ended with 1"));
  CHECK(shows(lines, "controller"));
  // Its successor takes the guest, and brings it down at its own end.
  desk.controller.emplace(desk.state.path().string(), "127.0.0.1:0", desk.set());
}

namespace {

/// Until the prompt stands alone below what was answered: what is typed before is not its editor's.
void wait_for_prompt(Terminal& terminal) {
  const auto stands = [](const std::vector<std::string>& lines) {
    const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                   [](const std::string& line) { return !line.empty(); });
    return last != lines.rend() && last->starts_with("aerie>") && last->size() <= 7;
  };
  const auto until = std::chrono::steady_clock::now() + aerie::test::patience;
  while (!stands(terminal.wait_for("aerie>")) && std::chrono::steady_clock::now() < until) {
  }
}

}  // namespace

TEST_CASE("the line mode completes commands and ids, and remembers lines", "[console][screen]") {
  Desk desk({}, "--lines");
  // Its children are known from then on.
  aerie::test::EventStream{desk.controller->address(), desk.controller->token(),
                           "/api/v1/events?since=0"}
      .next_of("child.ready");
  auto& terminal = *desk.terminal;
  terminal.wait_for("aerie>");
  terminal.type("hol");
  terminal.press("Tab");
  terminal.wait_for("aerie> hold");
  terminal.press("C-u");
  terminal.type("insp");
  terminal.press("Tab");
  terminal.wait_for("aerie> inspect");
  terminal.type(desk.session.substr(0, 6));
  terminal.press("Tab");
  terminal.wait_for(desk.session);
  terminal.press("Enter");
  terminal.wait_for("userId: tester");
  wait_for_prompt(terminal);
  terminal.type("kill " + desk.session.substr(0, 8) + " ma");
  terminal.press("Tab");
  terminal.wait_for(desk.session.substr(0, 8) + " main");
  terminal.press("C-u");
  terminal.type("holds");
  terminal.wait_for("aerie> holds");
  terminal.press("Enter");
  wait_for_prompt(terminal);
  terminal.press("Up");
  terminal.press("Up");
  terminal.wait_for("aerie> inspect " + desk.session);
  terminal.press("C-u");
  terminal.type("quit");
  terminal.press("Enter");
  CHECK(shows(terminal.wait_for("ended with"), "ended with 0"));
}
