#include "actors/ledger/why_document.hpp"

#include <catch2/catch.hpp>

#include "messages/exit_record.hpp"

using namespace aerie;

namespace {

struct Story {
  void add(const std::string& kind, const std::string& child, Json data) {
    Event event{timeline.size() + 1, Instant{}, kind, "s", "v", child, std::move(data)};
    timeline.push_back(std::make_shared<const Event>(std::move(event)));
  }
  void crash(const std::string& child, CauseKind kind) {
    ExitRecord exit;
    exit.child = child;
    exit.kind = kind;
    exit.message = child + " broke";
    exit.tail = {"last"};
    add("child.exited", child, exit);
    add("child.restarting", child, {{"cause", cause_of(exit)}, {"detail", "It is restarted."}});
  }
  [[nodiscard]] Json session() const { return explain_session(document, timeline); }

  SessionDocument document;
  Timeline timeline;
};

Story story() {
  Story made;
  made.document.id = "s";
  made.document.vm_id = "v";
  made.document.state = SessionState::ready;
  made.document.stage = Stage::ready;
  return made;
}

}  // namespace

TEST_CASE("there is no cause while all is well", "[why]") {
  auto told = story();
  told.add("child.started", "display", {{"pid", 7}});
  told.add("child.ready", "display", Json::object());
  const auto why = told.session();
  CHECK(why["subject"] == Json{{"kind", "session"}, {"id", "s"}});
  CHECK(why["state"] == "ready");
  CHECK(why["stage"] == "ready");
  CHECK(why["cause"].is_null());
  CHECK(why["retirement"].is_null());
  CHECK(why["exits"].empty());
  CHECK(why["logs"]["display"] == "sessions/s/logs/display.log");
  CHECK(why["timeline"].size() == 2);
}

TEST_CASE("a child in trouble is the cause until it is well again", "[why]") {
  auto told = story();
  told.crash("stream", CauseKind::signal);
  CHECK(told.session()["cause"]["kind"] == "signal");
  CHECK(told.session()["exits"].size() == 1);
  told.crash("browser", CauseKind::oom_kill);
  CHECK(told.session()["cause"]["kind"] == "oom-kill");
  told.add("child.ready", "browser", Json::object());
  CHECK(told.session()["cause"]["kind"] == "signal");
  told.add("child.ready", "stream", Json::object());
  CHECK(told.session()["cause"].is_null());
  CHECK(told.session()["exits"].size() == 2);
}

TEST_CASE("a guest's network that fails is the cause until it works again", "[why]") {
  auto told = story();
  const Cause cause{CauseKind::network_failed, "The layer ARP fails.", "Look.", {}};
  told.add("doctor.failed", "", {{"check", "network"}, {"cause", cause}});
  CHECK(told.session()["cause"]["kind"] == "network-failed");
  CHECK(told.session()["timeline"].back()["cause"]["message"] == "The layer ARP fails.");
  told.add("doctor.recovered", "", {{"check", "network"}});
  CHECK(told.session()["cause"].is_null());
}

TEST_CASE("a lost guest is the cause until another is ready, and stays in the timeline", "[why]") {
  auto told = story();
  const Cause cause{CauseKind::link_lost, "The link was lost.", "Look.", {}};
  told.add("vm.state", "", {{"state", "failed"}, {"cause", cause}});
  CHECK(told.session()["cause"]["kind"] == "link-lost");
  told.add("vm.replaced", "", {{"from", "v"}, {"to", "w"}, {"cause", cause}});
  told.add("vm.state", "", {{"state", "booting"}});
  CHECK(told.session()["cause"]["kind"] == "link-lost");
  told.add("vm.state", "", {{"state", "ready"}});
  CHECK(told.session()["cause"].is_null());
  CHECK(told.session()["timeline"].at(0)["cause"]["remedy"] == "Look.");
}

TEST_CASE("the end of a child that is not missed is no cause", "[why]") {
  auto told = story();
  ExitRecord exit;
  exit.child = "login";
  told.add("child.exited", "login", exit);
  CHECK(told.session()["cause"].is_null());
  CHECK(told.session()["exits"].size() == 1);
}

TEST_CASE("a child is explained by itself", "[why]") {
  auto told = story();
  told.crash("stream", CauseKind::signal);
  told.crash("browser", CauseKind::oom_kill);
  const auto why = explain_child(told.document, "stream", told.timeline);
  CHECK(why["subject"] == Json{{"kind", "child"}, {"id", "s/stream"}});
  CHECK(why["state"] == "restarting");
  CHECK(why["cause"]["kind"] == "signal");
  CHECK(why["exits"].size() == 1);
  CHECK(explain_child(told.document, "nobody", told.timeline).is_null());
}

TEST_CASE("a failed session keeps the cause it failed with", "[why]") {
  auto told = story();
  told.crash("stream", CauseKind::signal);
  told.document.state = SessionState::failed;
  told.document.cause = Cause{CauseKind::crash_loop, "Too often.", "Mend it.", {}};
  CHECK(told.session()["cause"]["kind"] == "crash-loop");
  told.document.cause.reset();
  told.document.state = SessionState::ended;
  CHECK(told.session()["cause"].is_null());
}

TEST_CASE("a VM is explained, also when it is gone", "[why]") {
  auto told = story();
  ExitRecord exit;
  exit.child = "vmm";
  exit.kind = CauseKind::signal;
  told.add("vm.state", "", {{"state", "booting"}});
  told.add("child.exited", "vmm", exit);
  told.add("vm.state", "",
           {{"state", "failed"}, {"cause", Cause{CauseKind::vmm_exited, "It ended.", "", {}}}});
  const auto gone = recall_vm("v", told.timeline);
  CHECK(gone.session == "s");
  const auto why = explain_vm(gone, told.timeline);
  CHECK(why["subject"]["kind"] == "vm");
  CHECK(why["state"] == "failed");
  CHECK(why["cause"]["kind"] == "vmm-exited");
  CHECK(why["exits"].at(0)["child"] == "vmm");
  CHECK_FALSE(why["logs"].contains("vmm"));
}

TEST_CASE("a retirement is told with every answer, also after it was proposed again", "[why]") {
  auto told = story();
  const Json proposed{{"proposal", "p"}, {"reason", "idle"}, {"by", "reaper"}};
  told.add("retire.proposed", "", proposed);
  told.add("retire.answered", "",
           {{"proposal", "p"}, {"who", "viewer:a"}, {"answer", "keep"}, {"why", "Asked."}});
  told.add("retire.proposed", "", proposed);
  told.add("retire.answered", "",
           {{"proposal", "p"}, {"who", "session"}, {"answer", "grant"}, {"why", "Silence."}});
  const auto retirement = told.session()["retirement"];
  CHECK(retirement["reason"] == "idle");
  CHECK(retirement["by"] == "reaper");
  REQUIRE(retirement["answers"].size() == 2);
  CHECK(retirement["answers"].at(0)["who"] == "viewer:a");
  CHECK(retirement["answers"].at(1)["answer"] == "grant");
}
