#include "runtime/controller/event_log.hpp"

#include <catch2/catch.hpp>

#include "actors/core/testing.hpp"
#include "runtime/controller/caught_log.test.hpp"
#include "runtime/controller/log_output.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

Event event_of(const char* kind, const char* session, const char* vm, Json data) {
  Event event;
  event.seq = 7;
  event.kind = kind;
  event.session = session;
  event.vm = vm;
  event.data = std::move(data);
  return event;
}

/// What the log says of an event.
std::string logged(const Event& event, const char* form) {
  const CaughtLog log;
  set_log_form({"info", form});
  TestSystem system;
  EventReaderActor actor = system.system().spawn<EventLog>(std::make_shared<Metrics>());
  post(actor, Recorded{event.seq, std::make_shared<const Event>(event)});
  system.run();
  return log.text();
}

}  // namespace

TEST_CASE("a line of the log names what it is about, the actor and the event", "[log-output]") {
  auto event = event_of("child.exited", "s-1", "v-1",
                        {{"kind", "signal"}, {"message", "browser crashed."}, {"remedy", "Wait."}});
  event.child = "browser";
  const auto line = Json::parse(logged(event, "json"));
  const std::vector<std::pair<const char*, const char*>> expected{{"session", "s-1"},
                                                                  {"vm", "v-1"},
                                                                  {"child", "browser"},
                                                                  {"actor", "vm v-1"},
                                                                  {"event", "child.exited"},
                                                                  {"cause", "signal"},
                                                                  {"remedy", "Wait."},
                                                                  {"level", "warning"},
                                                                  {"message", "browser crashed."}};
  for (const auto& [field, value] : expected) {
    INFO(field);
    CHECK(line[field] == value);
  }
  CHECK(line["seq"] == 7);
  const auto text = logged(event, "text");
  CHECK_THAT(text, Catch::Contains("child.exited session=s-1 vm=v-1 child=browser "
                                   "actor=\"vm v-1\" seq=7 \"browser crashed.\" cause=signal"));
}

TEST_CASE("each kind of event is of an actor of the tree", "[log-output]") {
  const auto [kind, session, vm, actor] =
      GENERATE(table<const char*, const char*, const char*, std::string>(
          {{"session.state", "s", "", "session s"},
           {"viewer.joined", "s", "", "session s"},
           {"vm.replaced", "s", "v", "session s"},
           {"stream.state", "s", "v", "session s"},
           {"vm.state", "", "v", "vm v"},
           {"resource.released", "s", "v", "vm v"},
           {"retire.proposed", "s", "", "reaper"},
           {"tombstone.written", "s", "", "ledger"},
           {"node.state", "", "", "node"},
           {"doctor.failed", "", "", "ledger"},
           {"doctor.failed", "s", "v", "vm v"}}));
  INFO(kind);
  CHECK(Json::parse(logged(event_of(kind, session, vm, Json::object()), "json"))["actor"] == actor);
}
