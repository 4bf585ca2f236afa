#include "actors/reaper/reaper.hpp"

#include <catch2/catch.hpp>

#include "actors/core/world.test.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

struct Fixture : World {
  Fixture() : reaper(start_reaper()), session(stand_in<SessionActor>(inbox)) {}

  Proposal propose(RetireReason reason, bool forced = false) {
    return ask<ProposalMade>(reaper,
                             ProposeRetirement{"session", session, reason, "operator", forced})
        .proposal;
  }
  RetireAnswered answer(const Proposal& proposal, RetireAnswer kind) const {
    return {proposal.id, kind, "session", "Because.", std::nullopt, std::nullopt, {}};
  }

  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  ReaperActor reaper;
  SessionActor session;
};

}  // namespace

TEST_CASE("two proposals for one session are one, and a forced one takes over", "[caf][reaper]") {
  Fixture world;
  const auto first = world.propose(RetireReason::max_age);
  CHECK(first.deadline == world.environment->settings.retire_ask);
  CHECK(world.propose(RetireReason::idle).id == first.id);
  CHECK(world.propose(RetireReason::max_age).id == first.id);
  CHECK(world.inbox->count<Proposal>() == 1);
  CHECK(world.events("retire.proposed").size() == 1);

  const auto forced = world.propose(RetireReason::shutdown, true);
  CHECK(forced.id == first.id);
  CHECK(forced.forced);
  CHECK(forced.deadline == Duration{0});
  CHECK(world.inbox->last<Proposal>().reason == RetireReason::shutdown);
  world.propose(RetireReason::shutdown, true);
  CHECK(world.inbox->count<Proposal>() == 2);
}

TEST_CASE("the weightier reason stands, but what a viewer kept stays kept", "[caf][reaper]") {
  Fixture world;
  const auto first = world.propose(RetireReason::idle);
  CHECK(world.propose(RetireReason::requested).reason == RetireReason::requested);
  CHECK(world.inbox->last<Proposal>().id == first.id);
  CHECK(world.inbox->last<Proposal>().reason == RetireReason::requested);

  Fixture other;
  const auto aged = other.propose(RetireReason::idle);
  auto kept = other.answer(aged, RetireAnswer::keep);
  kept.who = "viewer:v";
  kept.until = other.environment->wall() + Duration{60'000};
  other.tell(other.reaper, kept);
  CHECK(other.propose(RetireReason::requested).id == aged.id);
  CHECK(other.inbox->count<Proposal>() == 1);
  other.advance(Duration{60'100});
  CHECK(other.inbox->last<Proposal>().reason == RetireReason::requested);
}

TEST_CASE("a keep ends and the same proposal is made again", "[caf][reaper]") {
  Fixture world;
  const auto proposal = world.propose(RetireReason::idle);
  auto kept = world.answer(proposal, RetireAnswer::keep);
  kept.until = world.environment->wall() + Duration{60'000};
  world.tell(world.reaper, kept);
  world.advance(Duration{59'000});
  CHECK(world.inbox->count<Proposal>() == 1);
  world.advance(Duration{1'100});
  REQUIRE(world.inbox->count<Proposal>() == 2);
  CHECK(world.inbox->last<Proposal>().id == proposal.id);
  CHECK(world.events("retire.escalated").empty());
}

TEST_CASE("a forced proposal does away with a keep", "[caf][reaper]") {
  Fixture world;
  const auto proposal = world.propose(RetireReason::idle);
  auto kept = world.answer(proposal, RetireAnswer::keep);
  kept.until = world.environment->wall() + Duration{10'000};
  world.tell(world.reaper, kept);
  world.propose(RetireReason::requested, true);
  CHECK(world.inbox->last<Proposal>().forced);
  world.tell(world.reaper, world.answer(proposal, RetireAnswer::grant));
  world.advance(Duration{20'000});
  CHECK(world.inbox->count<Proposal>() == 2);
}

TEST_CASE("a held proposal waits without being made again", "[caf][reaper]") {
  Fixture world;
  const auto proposal = world.propose(RetireReason::idle);
  world.tell(world.reaper, world.answer(proposal, RetireAnswer::hold));
  world.advance(Duration{120'000});
  CHECK(world.inbox->count<Proposal>() == 1);
  CHECK(world.events("retire.escalated").empty());
}

TEST_CASE("a session's silence is escalated and deletes nothing", "[caf][reaper]") {
  Fixture world;
  const auto proposal = world.propose(RetireReason::idle);
  world.advance(world.environment->settings.retire_ask + Duration{6'000});
  REQUIRE(world.events("retire.escalated").size() == 1);
  CHECK(world.events("retire.escalated").front()->session == "session");
  CHECK(world.events("retire.granted").empty());
  // Whoever asks again makes it ask again.
  CHECK(world.propose(RetireReason::requested).id == proposal.id);
  CHECK(world.inbox->count<Proposal>() == 2);
}

TEST_CASE("the token goes to the VM after a grant, and only then", "[caf][reaper]") {
  Fixture world;
  const auto vm_inbox = std::make_shared<Inbox>();
  const auto vm = world.stand_in<VmActor>(vm_inbox);
  const auto proposal = world.propose(RetireReason::requested);
  const ReleaseToken token{"session", "vm", proposal.id};
  for (const auto kind : {RetireAnswer::hold, RetireAnswer::keep}) {
    auto answer = world.answer(proposal, kind);
    answer.vm = vm;
    answer.token = token;
    answer.until = world.environment->wall() + Duration{3'600'000};
    world.tell(world.reaper, answer);
  }
  auto stray = world.answer(proposal, RetireAnswer::grant);
  stray.proposal = "another";
  stray.vm = vm;
  stray.token = token;
  world.tell(world.reaper, stray);
  CHECK(vm_inbox->count<DismantleVm>() == 0);

  auto grant = world.answer(proposal, RetireAnswer::grant);
  grant.vm = vm;
  grant.token = token;
  world.tell(world.reaper, grant);
  REQUIRE(vm_inbox->count<DismantleVm>() == 1);
  CHECK(vm_inbox->last<DismantleVm>().token.proposal == proposal.id);
  CHECK(world.events("retire.granted").size() == 1);
  world.tell(world.reaper, grant);
  CHECK(vm_inbox->count<DismantleVm>() == 1);
  CHECK(world.propose(RetireReason::requested).id != proposal.id);
}
