#pragma once

#include "actors/core/world.test.hpp"
#include "messages/signaling.hpp"

namespace aerie::testing {

/// A session whose VM, reaper and node only listen; its stream and its ledger are real.
struct SessionFixture : World {
  explicit SessionFixture(const std::vector<Hold>& holds = {}) {
    environment->directory.put(stand_in<ReaperActor>(reaper));
    node =
        stand_in<NodeActor>(node_heard, {[this](const ReplaceVm&) { return replacement; },
                                         [this](const FindVmActor&) { return VmActorFound{vm}; }});
    environment->directory.put(node);
    vm = stand_in<VmActor>(vm_heard);
    session = start_session(vm, holds);
  }

  struct Visitor {
    std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
    PeerActor peer;
    Joined joined;

    [[nodiscard]] Json last(const std::string& type) const {
      return delivered(*inbox, type).back();
    }
    [[nodiscard]] std::size_t count(const std::string& type) const {
      return delivered(*inbox, type).size();
    }
    [[nodiscard]] std::string resume() const { return last("welcome")["resume"]; }
    [[nodiscard]] std::uint64_t last_seq() const { return delivered(*inbox).back()["seq"]; }
    [[nodiscard]] Json holder() const { return last("control")["holder"]; }
  };

  Visitor join(Join request) {
    Visitor visitor;
    visitor.peer = stand_in<PeerActor>(visitor.inbox);
    request.peer = visitor.peer;
    request.hello.session = "session";
    visitor.joined = ask<Joined>(session, request);
    return visitor;
  }
  Visitor join(ViewerRole role) {
    Join request;
    request.hello.role = role;
    return join(request);
  }
  Visitor resume(const std::string& token, std::uint64_t last_seq) {
    Join request;
    request.hello.role = ViewerRole::host;
    request.hello.resume = token;
    request.hello.last_seq = last_seq;
    return join(request);
  }
  void leave(const Visitor& visitor) {
    tell(session, ViewerGone{visitor.joined.viewer, visitor.peer});
  }
  void say(const Visitor& visitor, signaling::ClientMessage message) {
    tell(session, ViewerSays{visitor.joined.viewer, std::move(message)});
  }
  void control(const Visitor& visitor, signaling::ControlAction action,
               const std::string& to = "") {
    say(visitor, signaling::Control{action, to});
  }

  void become_ready() {
    tell(session, VmChanged{"vm", VmState::ready, 1000, std::nullopt});
    tell(session, VmStageReached{"vm", Stage::ready});
  }
  void stream_comes_up() {
    tell(session, VmChildNews{"vm", child_news(link::ChildNewsKind::started, "stream")});
    tell(session, VmChildNews{"vm", child_news(link::ChildNewsKind::ready, "stream")});
  }
  void finish(CauseKind kind, const std::string& which = "vm", const std::string& message = "It.") {
    tell(session, VmFinished{which, some_cause(kind, message)});
  }
  void propose(bool forced = false, const std::string& id = "p") {
    const auto deadline = forced ? Duration{0} : Duration{30'000};
    tell(session, Proposal{id, "session", RetireReason::requested, "owner", deadline, forced});
  }
  [[nodiscard]] std::vector<RetireAnswer> answers() const {
    std::vector<RetireAnswer> found;
    for (const auto& each : reaper->all<RetireAnswered>())
      found.push_back(each.answer);
    return found;
  }
  [[nodiscard]] SessionState state() { return document()->state; }

  std::shared_ptr<Inbox> reaper = std::make_shared<Inbox>();
  std::shared_ptr<Inbox> node_heard = std::make_shared<Inbox>();
  std::shared_ptr<Inbox> vm_heard = std::make_shared<Inbox>();
  VmGiven replacement{{}, {}, {}, some_cause(CauseKind::quota, "No address is free.")};
  NodeActor node;
  VmActor vm;
  SessionActor session;
};

}  // namespace aerie::testing
