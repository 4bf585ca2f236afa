#include <algorithm>
#include <catch2/catch.hpp>

#include "actors/core/world.test.hpp"
#include "actors/node/node.hpp"

using namespace aerie;
using namespace aerie::testing;
using link::ChildNewsKind;

namespace {

/// What a store that was written to would give back when it is opened again.
StoreContents contents_of(const FakeStore& store) {
  StoreContents contents;
  std::map<std::string, SessionDocumentPtr> sessions;
  const auto take = [&](const StoreWrite& write) {
    if (const auto* session = std::get_if<WriteSession>(&write)) {
      sessions[session->document->id] = session->document;
    } else if (const auto* resource = std::get_if<WriteResource>(&write)) {
      contents.resources.push_back(resource->resource);
    } else if (const auto* struck = std::get_if<StrikeResource>(&write)) {
      std::erase_if(contents.resources, [&](const auto& each) { return each.id == struck->id; });
    } else if (const auto* token = std::get_if<WriteToken>(&write)) {
      contents.tokens.push_back(token->token);
    } else if (const auto* event = std::get_if<WriteEvent>(&write)) {
      contents.events.push_back(event->event);
      contents.last_seq = event->event->seq;
    } else if (const auto* memory = std::get_if<WriteMemory>(&write)) {
      const auto& [subject, state] = memory->memory;
      if (!state.empty())
        contents.memories[subject] = Json::parse(state);
      else
        std::erase_if(contents.memories, [&, name = subject](const auto& each) {
          return each.first == name || each.first.starts_with(name + "/");
        });
    }
  };
  for (const auto& batch : store.batches)
    std::for_each(batch.writes.begin(), batch.writes.end(), take);
  for (const auto& [id, document] : sessions)
    contents.sessions.push_back(document);
  return contents;
}

/// One controller's node, sessions, VMs, reaper and ledger; only machines and sockets are made up.
struct Life : World {
  /// The first of a state directory.
  Life() { begin(std::make_shared<StoreContents>()); }
  /// Follows one that was killed just now.
  explicit Life(const Life& before, Duration away = Duration{1000}) {
    advance(before.age() + away);
    environment->new_id = [next = 0]() mutable { return "later-" + std::to_string(++next); };
    environment->new_token = [next = 0]() mutable { return "later " + std::to_string(++next); };
    store->batches = before.store->batches;
    begin(std::make_shared<StoreContents>(contents_of(*store)));
  }

  struct Visitor {
    std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
    PeerActor peer;
    Joined joined;
    [[nodiscard]] std::vector<Json> heard(const std::string& type = "") const {
      return delivered(*inbox, type);
    }
    [[nodiscard]] Json last(const std::string& type) const { return heard(type).back(); }
  };

  std::string create() {
    const auto created = ask<SessionCreated>(node, CreateSession{wish(), "digest of secret"});
    return created.document->id;
  }
  SessionActor session(const std::string& id) {
    return ask<SessionActorFound>(node, FindSessionActor{id}).actor;
  }
  Visitor join(const std::string& id, const std::string& resume = "", std::uint64_t last_seq = 0) {
    Visitor visitor;
    visitor.peer = stand_in<PeerActor>(visitor.inbox);
    Join request;
    request.hello.session = id;
    request.hello.role = ViewerRole::host;
    request.hello.resume = resume;
    request.hello.last_seq = last_seq;
    request.peer = visitor.peer;
    visitor.joined = ask<Joined>(session(id), request);
    return visitor;
  }
  Visitor resume(const std::string& id, const Visitor& before) {
    return join(id, before.last("welcome")["resume"], before.heard().back()["seq"]);
  }
  void says(const link::GuestMessage& message, std::size_t index = 0) {
    machine(index)->reports->on_says(message);
    run();
  }
  void answer(const std::string& id, const Visitor& visitor, std::uint64_t epoch) {
    signaling::Answer answer;
    answer.epoch = epoch;
    answer.media = "main";
    answer.sdp = "answer";
    tell(session(id), ViewerSays{visitor.joined.viewer, answer});
  }
  /// What a guest tells the host that adopts it: that each child runs as before.
  void stand(const std::shared_ptr<MachineRecord>& guest) {
    guest->reports->on_started(1000);
    guest->reports->on_linked();
    for (const auto& each : guest->spec.configure.profile->children)
      for (const auto kind : {ChildNewsKind::started, ChildNewsKind::ready})
        guest->reports->on_says(child_news(kind, each.name));
    guest->reports->on_says(link::AllReady{});
    run();
  }
  [[nodiscard]] std::size_t said_to_streamer(const std::string& type, std::size_t index = 0) const {
    const auto said = machine(index)->sent_of<link::StreamSays>();
    return static_cast<std::size_t>(std::count_if(
        said.begin(), said.end(), [&](const auto& each) { return each.body["type"] == type; }));
  }
  [[nodiscard]] Duration age() const { return environment->wall() - born_; }

  NodeActor node;
  ReaperActor reaper;

 private:
  void begin(const std::shared_ptr<const StoreContents>& contents) {
    start_ledger(*contents);
    node = keep(NodeActor{system.system().spawn<Node>(
        environment, AddressPool::make(environment->settings.network_pool).value(), contents)});
    environment->directory.put(node);
    reaper = start_reaper();
    tell(node, ReaperBegins{});
  }

  Instant born_ = Instant{Duration{1'767'225'600'000}};
};

/// A ready session with a host who watches.
struct Watched {
  explicit Watched(Life& life) : id(life.create()) {
    life.boot(life.machine());
    host = life.join(id);
    life.says(link::StreamSays{{{"type", "offer"}, {"epoch", 1U}, {"sdp", "offer"}}});
    life.answer(id, host, 1);
  }
  std::string id;
  Life::Visitor host;
};

}  // namespace

TEST_CASE("a guest that was halted goes on under the next controller", "[caf][node]") {
  Life first;
  const Watched watched(first);
  const auto vm = first.document(watched.id)->vm_id;
  const auto actor = first.ask<VmActorFound>(first.node, FindVmActor{vm}).actor;
  const auto answer = first.ask_later<VmPaused>(actor, PauseVm{true, "operator"});
  first.machine()->reports->on_paused(true, std::nullopt);
  first.run();
  REQUIRE(answer->has_value());
  CHECK(first.document(watched.id)->is_vm_paused);
  CHECK(watched.host.last("state")["paused"] == true);

  Life second(first);
  CHECK(second.machine()->calls == std::vector<std::string>{"adopt", "go on"});
  second.machine()->reports->on_paused(false, std::nullopt);
  second.stand(second.machine());
  CHECK_FALSE(second.document(watched.id)->is_vm_paused);
  CHECK(second.events("vm.state").back()->data["state"] == "ready");
}

TEST_CASE("a running guest is adopted, and its viewer resumes without a new offer", "[caf][node]") {
  Life first;
  const Watched watched(first);
  const auto& id = watched.id;
  Life second(first);
  const auto guest = second.machine();
  CHECK(guest->calls == std::vector<std::string>{"adopt"});
  CHECK(guest->spec.vm == first.machine()->spec.vm);
  CHECK(guest->spec.slot == first.machine()->spec.slot);
  CHECK(guest->spec.configure.profile == first.machine()->spec.configure.profile);
  CHECK(second.document(id)->vm_state == VmState::linking);

  // It comes back before the guest does, and says what is for the streamer.
  const auto back = second.resume(id, watched.host);
  const auto heard = back.heard();
  CHECK(heard.front()["type"] == "welcome");
  CHECK(heard.front()["resumed"] == true);
  for (std::size_t i = 0; i < heard.size(); ++i)
    CHECK(heard[i]["seq"] == heard.front()["seq"].get<std::uint64_t>() + i);
  CHECK(back.heard("offer").empty());
  CHECK(back.last("control")["holder"] == back.joined.viewer);
  CHECK(back.joined.viewer == watched.host.joined.viewer);
  signaling::Candidate candidate;
  candidate.epoch = 1;
  candidate.media = "main";
  candidate.candidate = "late";
  second.tell(second.session(id), ViewerSays{back.joined.viewer, candidate});
  CHECK(guest->sent.empty());

  second.stand(guest);
  CHECK(second.said_to_streamer("candidate") == 1);
  CHECK(second.said_to_streamer("add") == 0);
  CHECK(second.said_to_streamer("remove") == 0);
  CHECK(guest->sent_of<link::Configure>().empty());
  const auto document = second.document(id);
  CHECK(document->state == SessionState::ready);
  CHECK(document->vm_state == VmState::ready);
  CHECK(document->stream.state == StreamState::up);
  CHECK(document->stream.epoch == 1);
  CHECK(second.events("child.started").empty());
  CHECK(second.events("session.state").empty());

  // The next epoch is the next number.
  second.tell(second.session(id), ViewerSays{back.joined.viewer, signaling::Renegotiate{}});
  CHECK(second.document(id)->stream.epoch == 2);
}

TEST_CASE("a player's pictures go on under the next controller, and so does its resource",
          "[caf][node][player]") {
  Life first;
  const Watched watched(first);
  const auto& id = watched.id;
  const auto opened = first.ask_later<PlayerOpened>(first.session(id), OpenPlayer{"v=0"});
  first.says(link::StreamSays{{{"type", "answer"}, {"epoch", 2U}, {"sdp", "v=0"}}});
  REQUIRE(*opened);
  const auto resource = (*opened)->resource;
  const bool is_connected = GENERATE(true, false);
  if (is_connected)
    first.says(link::StreamSays{{{"type", "peer"}, {"epoch", 2U}, {"state", "connected"}}});
  Life second(first);
  second.stand(second.machine());
  CHECK(second.document(id)->viewers.size() == 1);  // the host's socket is gone
  second.advance(Duration{61'000});
  CHECK(second.document(id)->viewers.size() == (is_connected ? 1 : 0));
  const auto closed = second.ask<PlayerAnswer>(second.session(id), ClosePlayer{resource});
  CHECK(closed.refusal.has_value() != is_connected);
  CHECK(second.document(id)->viewers.empty());
  CHECK(second.said_to_streamer("remove") == 2);  // the host's, which did not come back, too
}

TEST_CASE("an exit while no controller was there is known, each exactly once", "[caf][node]") {
  Life first;
  const Watched watched(first);
  auto known = child_news(ChildNewsKind::exited, "browser");
  known.exit = exit_of("browser", CauseKind::signal);
  known.exit->at = Instant{Duration{1000}};
  first.says(known);
  first.says(child_news(ChildNewsKind::started, "browser"));
  Life second(first);
  auto missed = known;
  missed.exit->at = Instant{Duration{2000}};
  missed.exit->pid.reset();
  const auto guest = second.machine();
  guest->reports->on_started(1000);
  guest->reports->on_linked();
  for (const auto& news : {known, known, missed, missed})
    second.says(news);
  const auto exits = second.events("child.exited");
  REQUIRE(exits.size() == 1);
  CHECK(exits.front()->data["at"] == to_rfc3339(missed.exit->at));
  CHECK(exits.front()->data["pid"] == 42);
  CHECK(second.why(watched.id)["exits"].size() == 2);
}

TEST_CASE("a streamer that was replaced meanwhile offers anew to who watches", "[caf][node]") {
  Life first;
  const Watched watched(first);
  Life second(first);
  const auto guest = second.machine();
  guest->reports->on_started(1000);
  guest->reports->on_linked();
  auto exited = child_news(ChildNewsKind::exited, "stream");
  exited.exit = exit_of("stream", CauseKind::signal);
  auto restarting = child_news(ChildNewsKind::restarting, "stream");
  restarting.restarts = 1;
  second.says(exited);
  second.says(restarting);
  auto started = child_news(ChildNewsKind::started, "stream");
  started.pid = 43;
  second.says(started);
  second.says(child_news(ChildNewsKind::ready, "stream"));
  CHECK(second.document(watched.id)->stream.restarts == 1);
  CHECK(second.said_to_streamer("add") == 1);
  CHECK(second.document(watched.id)->stream.epoch == 2);
}

TEST_CASE("a guest that is gone fails its session and is not started anew", "[caf][node]") {
  Life first;
  const Watched watched(first);
  Life second(first);
  second.machine()->reports->on_failed(some_cause(CauseKind::controller_restarted, "It is gone."));
  second.run();
  CHECK(second.document(watched.id)->state == SessionState::failed);
  CHECK(second.why(watched.id)["cause"]["kind"] == "controller-restarted");
  CHECK(second.driver->machines.size() == 1);
  // What it held is released as ever, in the reverse order.
  second.tell(second.reaper, ProposeRetirement{watched.id, second.session(watched.id),
                                               RetireReason::failed, "reaper", true});
  CHECK(second.machine()->calls ==
        std::vector<std::string>{"adopt", "release process", "release directory"});
  CHECK(second.events("resource.released").size() == 4);
  CHECK(contents_of(*second.store).resources.empty());
  Life third(second);
  CHECK_FALSE(third.session(watched.id));
  CHECK(third.driver->machines.empty());
}

TEST_CASE("an open proposal goes on with the time that is left", "[caf][node]") {
  Life first;
  const Watched watched(first);
  const auto& id = watched.id;
  const auto made = first.ask<ProposalMade>(
      first.reaper,
      ProposeRetirement{id, first.session(id), RetireReason::requested, "owner", false});
  first.advance(Duration{10'000});
  Life second(first, Duration{5'000});
  second.stand(second.machine());
  const auto back = second.resume(id, watched.host);
  const auto asked = back.last("retire");
  CHECK(asked["proposal"] == made.proposal.id);
  CHECK(asked["deadlineMs"] == 15'000);
  SECTION("a viewer keeps it") {
    second.tell(
        second.session(id),
        ViewerSays{back.joined.viewer, signaling::Keep{made.proposal.id, Duration{60'000}}});
    CHECK(second.document(id)->state == SessionState::ready);
    CHECK(second.events("retire.answered").back()->data["answer"] == "keep");
    Life third(second);
    third.stand(third.machine());
    third.advance(Duration{58'900});
    CHECK(third.events("retire.proposed").empty());
    third.advance(Duration{200});
    CHECK(third.events("retire.proposed").size() == 1);
  }
  SECTION("silence until the deadline of then is consent") {
    second.advance(Duration{14'900});
    CHECK(second.document(id)->state == SessionState::ready);
    second.advance(Duration{200});
    CHECK(second.document(id)->state == SessionState::retiring);
    CHECK(second.machine()->sent_of<link::Stop>().size() == 1);
  }
}

TEST_CASE("a retirement that was granted is carried out by the next controller", "[caf][node]") {
  Life first;
  const Watched watched(first);
  first.tell(first.reaper, ProposeRetirement{watched.id, first.session(watched.id),
                                             RetireReason::requested, "owner", true});
  REQUIRE(first.document(watched.id)->state == SessionState::retiring);
  Life second(first);
  const auto guest = second.machine();
  guest->reports->on_started(1000);
  guest->reports->on_linked();
  second.run();
  CHECK(guest->sent_of<link::Stop>().size() == 1);
  guest->reports->on_exited(exit_of("vmm", CauseKind::clean));
  second.run();
  CHECK(second.document(watched.id)->state == SessionState::ended);
  CHECK(contents_of(*second.store).memories.empty());
}

TEST_CASE("who does not come back in time is forgotten, and control is free", "[caf][node]") {
  Life first;
  const Watched watched(first);
  Life second(first);
  second.stand(second.machine());
  second.advance(Duration{59'900});
  CHECK(second.said_to_streamer("remove") == 0);
  second.advance(Duration{200});
  CHECK(second.said_to_streamer("remove") == 1);
  const auto fresh = second.join(watched.id);
  CHECK(fresh.last("welcome")["resumed"] == false);
  CHECK(fresh.last("control")["holder"] == fresh.joined.viewer);
}

TEST_CASE("a warm guest is warm under the next controller too", "[caf][node]") {
  Life first;
  first.environment->settings.pool = {{"browser", "process", 1}};
  first.tell(first.node, NodeTimer{1});
  first.boot(first.machine());
  REQUIRE(first.ask<NodeFigures>(first.node, AskNodeFigures{}).warm == 1);
  Life second(first);
  second.stand(second.machine());
  CHECK(second.ask<NodeFigures>(second.node, AskNodeFigures{}).warm == 1);
}
