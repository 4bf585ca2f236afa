#include <catch2/catch.hpp>

#include "actors/core/world.test.hpp"
#include "actors/reaper/reaper.hpp"

using namespace aerie;
using namespace aerie::testing;

namespace {

struct DeadlineFixture : World {
  DeadlineFixture() : reaper(start_reaper()), session(stand_in<SessionActor>(inbox)) {}

  void expect(std::map<RetireReason, Duration> after, const std::string& id = "session") {
    ExpectEnds message{id, session, {}};
    for (const auto& [reason, delay] : after)
      message.at[reason] = environment->wall() + delay;
    tell(reaper, message);
  }
  [[nodiscard]] std::vector<RetireReason> proposed() const {
    std::vector<RetireReason> reasons;
    for (const auto& each : inbox->all<Proposal>())
      reasons.push_back(each.reason);
    return reasons;
  }

  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  ReaperActor reaper;
  SessionActor session;
};

using Reasons = std::vector<RetireReason>;

}  // namespace

TEST_CASE("a session is proposed when it said it would end, not before", "[caf][reaper]") {
  DeadlineFixture world;
  world.expect({{RetireReason::idle, Duration{5'000}}, {RetireReason::max_age, Duration{60'000}}});
  world.advance(Duration{4'900});
  CHECK(world.proposed().empty());
  world.advance(Duration{200});
  CHECK(world.proposed() == Reasons{RetireReason::idle});
  CHECK(world.inbox->last<Proposal>().by == "reaper");
  CHECK_FALSE(world.inbox->last<Proposal>().forced);
}

TEST_CASE("a deadline that moves counts from where it is now", "[caf][reaper]") {
  DeadlineFixture world;
  world.expect({{RetireReason::idle, Duration{5'000}}});
  world.expect({{RetireReason::max_age, Duration{60'000}}});  // somebody watches
  world.advance(Duration{10'000});
  CHECK(world.proposed().empty());
  world.expect({{RetireReason::idle, Duration{2'000}}});
  world.advance(Duration{2'100});
  CHECK(world.proposed() == Reasons{RetireReason::idle});
  world.expect({});
  world.advance(Duration{120'000});
  CHECK(world.proposed() == Reasons{RetireReason::idle});
}

TEST_CASE("short of disk, the oldest evidence is proposed first", "[caf][reaper]") {
  DeadlineFixture world;
  const DiskSpace enough{std::int64_t{8} << 30, std::int64_t{100} << 30};
  const DiskSpace little{std::int64_t{100} << 20, std::int64_t{100} << 30};
  const DiskSpace small_but_free{std::int64_t{100} << 20, std::int64_t{128} << 20};
  world.expect({{RetireReason::failed, Duration{90'000}}}, "newer");
  world.expect({{RetireReason::failed, Duration{30'000}}}, "older");
  world.expect({{RetireReason::max_age, Duration{50'000}}}, "alive");
  world.tell(world.reaper, enough);
  world.tell(world.reaper, small_but_free);
  CHECK(world.proposed().empty());
  world.tell(world.reaper, little);
  REQUIRE(world.proposed() == Reasons{RetireReason::disk_pressure});
  CHECK(world.inbox->last<Proposal>().session == "older");
  world.tell(world.reaper, little);
  CHECK(world.inbox->last<Proposal>().session == "newer");
  world.tell(world.reaper, little);
  CHECK(world.proposed().size() == 2);
  REQUIRE(world.events("doctor.failed").size() == 1);
  CHECK(world.events("doctor.failed").front()->data["cause"]["kind"] == "disk-full");
}

TEST_CASE("an orphan that is held waits, one that is claimed is forgotten", "[caf][reaper]") {
  DeadlineFixture world;
  const auto node = std::make_shared<Inbox>();
  OrphanAnswer answer{RetireAnswer::hold, "Its session is held."};
  int asked = 0;
  world.environment->directory.put(world.stand_in<NodeActor>(node, {[&](const SalvageOrphan&) {
                                                               ++asked;
                                                               return answer;
                                                             }}));
  Orphan orphan;
  orphan.vm = "stray";
  orphan.resources = {{"", "", "stray", "directory", "vms/stray"}};
  world.tell(world.reaper, OrphansFound{{orphan}});
  world.tell(world.reaper, OrphansFound{{orphan}});
  CHECK(world.events("resource.quarantined").size() == 1);
  world.advance(world.environment->settings.quarantine - Duration{1000});
  CHECK(asked == 0);
  world.advance(Duration{2000});
  CHECK(asked == 1);
  world.advance(world.environment->settings.quarantine);
  CHECK(asked == 2);
  CHECK(world.events("retire.proposed").size() == 1);
  CHECK(world.events("retire.answered").size() == 1);
  answer = {RetireAnswer::keep, "It has an owner by now."};
  world.advance(world.environment->settings.quarantine * 3);
  CHECK(asked == 3);
  CHECK(world.events("retire.granted").empty());
}
