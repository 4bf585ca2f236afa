#include "runtime/console/console.hpp"

#include <catch2/catch.hpp>

#include "actors/core/world.test.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

struct Recording final : ConsoleReply {
  void document(Json json) override { documents.push_back(std::move(json)); }
  void item(Json json) override { items.push_back(std::move(json)); }
  void end(std::optional<CommandFault> with) override {
    ++ends;
    fault = std::move(with);
  }

  std::vector<Json> documents;
  std::vector<Json> items;
  std::optional<CommandFault> fault;
  int ends = 0;
};

struct NoLogs final : LogReader {
  void read(LogQuery query, LogFiles::Chunk chunk) override {
    chunk(Json{{"n", 1}, {"child", query.child}, {"line", "said"}}.dump() + "\n", true);
  }
  std::uint64_t follow(LogQuery, LogFiles::Chunk chunk) override {
    follower = std::move(chunk);
    return 7;
  }
  void unfollow(std::uint64_t number) override { left.push_back(number); }
  void read_console(ConsoleQuery, LogFiles::Console) override {}
  std::uint64_t follow_console(ConsoleQuery, LogFiles::LiveConsole) override { return 8; }

  LogFiles::Chunk follower;
  std::vector<std::uint64_t> left;
};

/// A controller's actors with a console, whose work on other threads is done at once.
struct Desk {
  Desk() {
    node = world.start_node();
    world.environment->directory.put(node);
    reaper = world.start_reaper();
    world.environment->directory.put(reaper);
    ConsoleWorld console_world;
    console_world.logs = logs;
    console_world.on_disk = [](const ConsoleWorld::Task& task) { task(); };
    console_world.on_bench = [](const ConsoleWorld::Task& task) { task(); };
    console_world.examine = [this] {
      return Json{{"ok", is_host_well}, {"checks", Json::array()}};
    };
    console = world.keep(
        ConsoleActor{world.system.system().spawn<Console>(world.environment, console_world)});
    world.run();
  }

  std::shared_ptr<Recording> run(const std::string& line) {
    auto reply = std::make_shared<Recording>();
    world.tell(console, RunCommand{line, reply});
    return reply;
  }

  Json ask(const std::string& line) {
    const auto reply = run(line);
    INFO(line << ": " << (reply->fault ? reply->fault->message : ""));
    REQUIRE_FALSE(reply->fault);
    REQUIRE(reply->ends == 1);
    REQUIRE(reply->documents.size() == 1);
    return reply->documents.front();
  }

  CommandFault refusal(const std::string& line) {
    const auto reply = run(line);
    INFO(line);
    REQUIRE(reply->ends == 1);
    REQUIRE(reply->fault);
    REQUIRE(reply->documents.empty());
    return *reply->fault;
  }

  /// A session whose guest has booted.
  std::string start() {
    const auto made = world.ask<SessionCreated>(node, CreateSession{world.wish(), "digest"});
    world.boot(world.machine(world.driver->machines.size() - 1));
    world.run();
    return made.document->id;
  }

  World world;
  std::shared_ptr<NoLogs> logs = std::make_shared<NoLogs>();
  bool is_host_well = true;
  NodeActor node;
  ReaperActor reaper;
  ConsoleActor console;
};

const Json* node_called(const Json& tree, const std::string& id) {
  if (tree.value("id", "") == id) return &tree;
  for (const auto& child : tree["children"])
    if (const auto* found = node_called(child, id)) return found;
  return nullptr;
}

}  // namespace

TEST_CASE("the tree shows sessions, streams, guests and their processes", "[console]") {
  Desk desk;
  const auto session = desk.start();
  const auto document = desk.world.document(session);
  const auto nodes = tree_nodes(desk.world.environment->roster->facts());
  const auto of = [&](const std::string& id) {
    for (const auto& node : nodes)
      if (node.id == id) return node;
    throw std::runtime_error("no " + id);
  };
  CHECK(of(session).shown["kind"] == "session");
  CHECK(of(session).shown["state"] == "ready");
  CHECK(of(document->vm_id).shown["kind"] == "vm");
  CHECK(of(document->vm_id).shown["state"] == "ready");
  const auto child = of(document->vm_id + "/browser");
  CHECK(child.shown["kind"] == "child");
  CHECK(child.shown["name"] == "browser");
  CHECK(child.shown["state"] == "ready");
  CHECK(child.parent == document->vm_id);

  // The nested form of a part of it.
  auto part = nodes;
  for (auto& node : part)
    if (node.id == document->vm_id) node.parent.clear();
  std::erase_if(part, [&](const TreeNode& node) {
    return node.parent.empty() && node.id != document->vm_id;
  });
  const auto tree = tree_of(part);
  REQUIRE(node_called(tree, document->vm_id + "/stream") != nullptr);
  for (const auto* key :
       {"id", "kind", "name", "state", "mailbox", "processed", "restarts", "since", "children"})
    CHECK(tree.contains(key));
}

TEST_CASE("ids may be short, if they are clear", "[console]") {
  Desk desk;
  const auto session = desk.start();
  CHECK(desk.ask("why " + session)["subject"]["id"] == session);
  CHECK(desk.ask("inspect node")["kind"] == "node");

  const auto unknown = desk.refusal("why nothing-like-this");
  CHECK(unknown.status == 1);
  CHECK(unknown.code == "not-found");
  const auto ambiguous = desk.refusal("inspect actor");
  CHECK(ambiguous.status == 1);
  CHECK(ambiguous.message.find("actor-") != std::string::npos);
  CHECK(desk.refusal("inspect x").status == 2);
  CHECK(desk.refusal("retire node").message.find("has no session") != std::string::npos);
}

TEST_CASE("inspect shows an actor from outside and from inside", "[console]") {
  Desk desk;
  const auto session = desk.start();
  const auto json = desk.ask("inspect " + session);
  CHECK(json["kind"] == "session");
  CHECK(json["own"]["id"] == session);
  CHECK(json["messages"]["VmStageReached"].get<int>() > 0);
  CHECK(json["handling"]["p99Us"].get<double>() > 0);
  CHECK(json["monitors"].size() >= 1);
  CHECK(json["links"].empty());
}

TEST_CASE("why a process ended last is told while it is down, and once it is well again",
          "[console]") {
  using enum link::ChildNewsKind;
  Desk desk;
  const auto session = desk.start();
  const auto vm = desk.world.document(session)->vm_id;
  const auto browser = [&] {
    for (const auto& node : tree_nodes(desk.world.environment->roster->facts()))
      if (node.id == vm + "/browser") return node.shown;
    throw std::runtime_error("no browser");
  };
  CHECK_FALSE(browser().contains("lastCause"));
  const auto say = [&](link::ChildNewsKind kind, int restarts) {
    auto news = child_news(kind, "browser");
    news.restarts = restarts;
    if (kind == exited) news.exit = exit_of("browser", CauseKind::oom_kill);
    desk.world.machine()->reports->on_says(news);
    desk.world.run();
  };
  say(exited, 0);
  CHECK(browser()["state"] == "exited");
  CHECK(browser()["reason"] == "browser ended: oom-kill");
  for (const auto kind : {restarting, started, ready})
    say(kind, 1);

  for (const auto& shown : {browser(), desk.ask("inspect " + vm)["parts"]["browser"]}) {
    CHECK(shown["state"] == "ready");
    CHECK(shown["restarts"] == 1);
    CHECK_FALSE(shown.contains("reason"));
    CHECK(shown["lastCause"] == Json{{"kind", "oom-kill"}, {"message", "browser ended: oom-kill"}});
  }
}

TEST_CASE("holds are set and cleared on living and ended sessions", "[console]") {
  Desk desk;
  const auto session = desk.start();
  CHECK(desk.ask("hold " + session + " audit somebody asked")["hold"]["reason"] ==
        "somebody asked");
  REQUIRE(desk.run("holds")->items.size() == 1);
  CHECK(desk.run("holds")->items.front()["session"] == session);
  CHECK(desk.refusal("release " + session + " other").code == "not-found");
  CHECK(desk.refusal("hold " + session + " 'Bad Name' why").status == 2);
  desk.ask("release " + session + " audit");
  CHECK(desk.run("holds")->items.empty());

  desk.ask("retire " + session + " --force");
  desk.world.machine()->reports->on_exited(exit_of("vmm", CauseKind::killed));
  desk.world.advance(Duration{1000});
  REQUIRE(desk.world.document(session)->state == SessionState::ended);
  CHECK(desk.ask("hold " + session + " audit after all")["hold"]["name"] == "audit");
  CHECK(desk.world.document(session)->holds.size() == 1);
  desk.ask("release " + session + " audit");
  CHECK(desk.refusal("retire " + session).message.find("is over") != std::string::npos);
  CHECK(desk.ask("inspect " + session)["own"]["state"] == "ended");
}

TEST_CASE("retiring proposes, with the words of who asked", "[console]") {
  Desk desk;
  const auto session = desk.start();
  const auto proposal = desk.ask("retire " + session + " it hangs");
  CHECK(proposal["reason"] == "requested");
  CHECK(proposal["forced"] == false);
  const auto proposed = desk.world.events("retire.proposed");
  REQUIRE(proposed.size() == 1);
  CHECK(proposed.front()->data["detail"] == "requested: it hangs");
  CHECK(proposed.front()->data["by"] == "operator");
}

TEST_CASE("children are restarted and killed by name", "[console]") {
  Desk desk;
  const auto session = desk.start();
  CHECK(desk.ask("restart " + session + " browser")["asked"] == "restart");
  REQUIRE(desk.world.machine()->sent_of<link::RestartChild>().size() == 1);
  CHECK(desk.world.machine()->sent_of<link::RestartChild>().front().by == "operator");
  desk.ask("kill " + session + " browser SIGTERM");
  desk.ask("kill " + session + " browser");
  const auto kills = desk.world.machine()->sent_of<link::KillChild>();
  REQUIRE(kills.size() == 2);
  CHECK(kills[0].signal == 15);
  CHECK(kills[1].signal == 9);
  CHECK(desk.refusal("kill " + session + " nobody").remedy.find("browser") != std::string::npos);
  CHECK(desk.refusal("kill " + session + " browser LOUD").status == 2);
}

TEST_CASE("what this host knows no pid of is killed by name too, while it runs", "[console]") {
  using enum link::ChildNewsKind;
  Desk desk;
  const auto session = desk.start();
  const auto say = [&](link::ChildNewsKind kind) {
    auto news = child_news(kind, "browser");
    news.pid = 0;
    if (kind == exited) news.exit = exit_of("browser", CauseKind::killed);
    desk.world.machine()->reports->on_says(news);
    desk.world.run();
  };
  for (const auto kind : {exited, restarting, started, ready})
    say(kind);
  CHECK(desk.ask("kill " + session + " browser")["asked"] == "kill");
  CHECK(desk.world.machine()->sent_of<link::KillChild>().size() == 1);
  say(exited);
  CHECK(desk.refusal("kill " + session + " browser").message.find("does not run") !=
        std::string::npos);
}

TEST_CASE("a drained node takes no sessions until it is undrained", "[console]") {
  Desk desk;
  CHECK(desk.ask("drain")["draining"] == true);
  const auto refused =
      desk.world.ask<SessionCreated>(desk.node, CreateSession{desk.world.wish(), "digest"});
  REQUIRE(refused.refusal);
  CHECK(refused.refusal->kind == CauseKind::requested);
  CHECK(desk.ask("undrain")["draining"] == false);
  CHECK(desk.world.ask<SessionCreated>(desk.node, CreateSession{desk.world.wish(), "digest"})
            .document != nullptr);
  const auto told = desk.world.events("node.state");
  REQUIRE(told.size() == 2);
  CHECK(told[0]->data["state"] == "draining");
  CHECK(told[1]->data["by"] == "operator");
}

TEST_CASE("what is held and what runs is listed", "[console]") {
  Desk desk;
  const auto session = desk.start();
  const auto leases = desk.run("leases");
  REQUIRE(leases->items.size() == 3);
  CHECK(leases->items.front()["session"] == session);
  const auto processes = desk.run("ps");
  CHECK(processes->ends == 1);
  CHECK(processes->items.size() >= 2);
  const auto top = desk.run("top");
  CHECK(top->ends == 0);
  desk.world.advance(Duration{600});
  CHECK(top->ends == 1);
  CHECK(top->items.size() >= 5);
}

TEST_CASE("events and logs are lists, or go on", "[console]") {
  Desk desk;
  const auto session = desk.start();
  const auto events = desk.run("events");
  CHECK(events->ends == 1);
  CHECK(events->items.size() > 5);
  const auto few = desk.run("events " + session + " --tail 2");
  CHECK(few->items.size() == 2);
  CHECK(desk.run("logs " + session + " browser")->items.front()["line"] == "said");

  const auto following = desk.run("events -f");
  CHECK(following->items.size() == 10);
  desk.ask("hold " + session + " audit x");
  CHECK(following->items.back()["kind"] == "hold.set");
  CHECK(following->ends == 0);
  desk.world.tell(desk.console, StopCommand{following});
  CHECK(following->ends == 1);

  const auto lines = desk.run("logs " + session + " -f");
  desk.logs->follower(Json{{"line", "more"}}.dump() + "\n", false);
  desk.world.run();
  CHECK(lines->items.back()["line"] == "more");
  desk.world.tell(desk.console, StopCommand{lines});
  CHECK(desk.logs->left == std::vector<std::uint64_t>{7});
}

TEST_CASE("a trace shows what passes, and ends", "[console]") {
  Desk desk;
  const auto session = desk.start();
  const auto trace = desk.run("trace " + session);
  desk.ask("hold " + session + " audit x");
  const auto passed = [&](const char* direction, const char* type) {
    return std::count_if(trace->items.begin(), trace->items.end(), [&](const Json& item) {
      return item["direction"] == direction && item["type"] == type;
    });
  };
  CHECK(passed("in", "SetHold") == 1);
  CHECK(passed("out", "RecordEvent") == 1);
  CHECK(passed("out", "CommandNews") == 0);  // that it is traced is no message of its own
  desk.world.advance(Duration{1100});
  CHECK(trace->ends == 1);
  const auto seen = trace->items.size();
  desk.ask("release " + session + " audit");
  CHECK(trace->items.size() == seen);
  CHECK(desk.refusal("trace console").code == "conflict");
}

TEST_CASE("watchers get the whole tree once, then what changes", "[console]") {
  Desk desk;
  const auto watch = desk.run("watch");
  REQUIRE(watch->items.size() == 1);
  CHECK(watch->items.front()["full"] == true);
  const auto session = desk.start();
  desk.world.advance(Duration{100});
  const auto is_told = [&](const std::string& list, const auto& meant) {
    return std::any_of(watch->items.begin() + 1, watch->items.end(), [&](const Json& item) {
      return std::any_of(item[list].begin(), item[list].end(), meant);
    });
  };
  CHECK(is_told("nodes", [&](const Json& node) {
    return node["id"] == session && node["state"] == "ready";
  }));
  desk.ask("retire " + session + " --force");
  desk.world.machine()->reports->on_exited(exit_of("vmm", CauseKind::killed));
  desk.world.advance(Duration{1000});
  CHECK(is_told("removed", [&](const Json& id) { return id == session; }));
  desk.world.tell(desk.console, StopCommand{watch});
  CHECK(watch->ends == 1);
}

TEST_CASE("the doctor's answer is the exit", "[console]") {
  Desk desk;
  CHECK(desk.ask("doctor")["ok"] == true);
  desk.is_host_well = false;
  const auto reply = desk.run("doctor");
  CHECK(reply->documents.size() == 1);
  REQUIRE(reply->fault);
  CHECK(reply->fault->status == 1);
  CHECK(desk.ask("help")["commands"].size() == command_forms().size());
}
