#include "actors/ledger/pending_writes.hpp"

#include <catch2/catch.hpp>

using namespace aerie;

namespace {

StoreWrite session(const std::string& id, const std::string& user = "") {
  SessionDocument document;
  document.id = id;
  document.user_id = user;
  return WriteSession{std::make_shared<const SessionDocument>(document)};
}

StoreWrite event(std::uint64_t seq) {
  Event event;
  event.seq = seq;
  return WriteEvent{std::make_shared<const Event>(event)};
}

StoreWrite memory(const std::string& subject, const std::string& state,
                  const std::string& spared = "") {
  return WriteMemory{{subject, state}, spared};
}

/// `session ID USER`, `event SEQ`, `memory SUBJECT STATE`, in order.
std::vector<std::string> told(PendingWrites& writes) {
  std::vector<std::string> all;
  for (const auto& write : writes.take())
    if (const auto* one = std::get_if<WriteSession>(&write))
      all.push_back("session " + one->document->id + " " + one->document->user_id);
    else if (const auto* another = std::get_if<WriteEvent>(&write))
      all.push_back("event " + std::to_string(another->event->seq));
    else if (const auto* third = std::get_if<WriteMemory>(&write))
      all.push_back("memory " + third->memory.subject + " " + third->memory.state);
    else
      all.push_back("other");
  return all;
}

using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("a later document or memory takes the place of the one that waits", "[ledger]") {
  PendingWrites writes;
  for (auto& write : {session("a", "first"), event(1), memory("m", "1"), session("b"), event(2),
                      memory("m", "2"), session("a", "second")})
    writes.add(write);
  CHECK(writes.size() == 5);
  CHECK(told(writes) == Told{"session a second", "event 1", "memory m 2", "session b ", "event 2"});
  CHECK(writes.empty());
}

TEST_CASE("a memory that is struck out takes with it what waits of it", "[ledger]") {
  PendingWrites writes;
  for (auto& write : {memory("a", "1"), memory("a/part", "2"), memory("ab", "3"), memory("a0", "4"),
                      memory("a", ""), memory("a/part", "5")})
    writes.add(write);
  CHECK(told(writes) == Told{"memory ab 3", "memory a0 4", "memory a ", "memory a/part 5"});
}

TEST_CASE("a strike that spares a part leaves what waits in its order", "[ledger]") {
  PendingWrites writes;
  for (auto& write :
       {memory("a", "1"), memory("a/request", "2"), memory("a", "", "request"), memory("a", "3")})
    writes.add(write);
  CHECK(told(writes) == Told{"memory a 1", "memory a/request 2", "memory a ", "memory a 3"});
}

TEST_CASE("what failed comes before what was added since, which replaces it", "[ledger]") {
  PendingWrites writes;
  writes.add(event(3));
  writes.add(session("a", "newer"));
  writes.put_back({session("a", "older"), event(1), event(2)});
  writes.add(event(4));
  CHECK(told(writes) == Told{"session a newer", "event 1", "event 2", "event 3", "event 4"});
}

TEST_CASE("what was refused is not written later", "[ledger]") {
  PendingWrites writes;
  writes.add(session("a"));
  writes.add(memory("a/request", "1"));
  writes.add(memory("ab", "2"));
  writes.add(WriteResource{{"r", "s", "v", "directory", "x"}, {}});
  writes.withdraw_session("a");
  writes.withdraw_resource("r");
  CHECK(told(writes) == Told{"memory ab 2"});
}

TEST_CASE("beyond a bound the oldest events go, and nothing else", "[ledger]") {
  PendingWrites writes;
  writes.add(session("a"));
  for (std::uint64_t seq = 1; seq <= 5; ++seq)
    writes.add(event(seq));
  CHECK(writes.drop_events_beyond(6) == 0);
  CHECK(writes.drop_events_beyond(3) == 3);
  CHECK(writes.events().front()->seq == 4);
  CHECK(writes.drop_events_beyond(0) == 2);
  CHECK(told(writes) == Told{"session a "});
}
