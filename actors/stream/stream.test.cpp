#include "actors/stream/stream.hpp"

#include <catch2/catch.hpp>

#include "actors/stream/stream_fixture.test.hpp"

using namespace aerie;
using namespace aerie::testing;
using enum link::ChildNewsKind;

namespace {

/// Notes what it is told.
struct Meter : StreamMeter {
  void add(const StreamFigures& figures) override { all.push_back(figures); }
  void add(SignalingStep step, Duration took) override { steps.emplace_back(step, took); }
  std::vector<StreamFigures> all;
  std::vector<std::pair<SignalingStep, Duration>> steps;
};

}  // namespace

TEST_CASE("offers go to every watcher once the stream is up, epochs rising", "[caf][stream]") {
  StreamFixture world{6};
  world.tell(world.stream, AddWatcher{"a", false});
  world.tell(world.stream, AddWatcher{"b", false});
  CHECK(world.streamer->count<SendStream>() == 0);
  world.come_up();
  CHECK(world.state() == StreamState::up);
  REQUIRE(world.told("add").size() == 2);
  CHECK(world.told("add").at(0)["epoch"] == 7);
  CHECK(world.told("add").at(1)["epoch"] == 8);
  CHECK(world.heard->last<StreamEpochs>().living == std::set<std::uint64_t>{7, 8});

  world.offer(8);
  CHECK(world.heard->last<StreamToViewer>().viewer == "b");
  CHECK(world.to_viewer() ==
        Json{{"type", "offer"}, {"epoch", 8}, {"media", "main"}, {"sdp", "o"}});
  world.offer(8);
  CHECK(world.heard->count<StreamToViewer>() == 1);
  world.tell(world.stream, AddWatcher{"a", false});
  CHECK(world.told("add").size() == 2);
  world.tell(world.stream, AddWatcher{"c", false});
  CHECK(world.told("add").back()["epoch"] == 9);
}

TEST_CASE("a stream shows what its streamer says of it, once in a while", "[caf][stream]") {
  StreamFixture world;
  const auto meter = std::make_shared<Meter>();
  world.environment->stream_meter = meter;
  const Json figures{{"type", "stats"},
                     {"afterMs", 1000},
                     {"encoders", {{{"codec", "vp8"}, {"bytes", 125}, {"encodeUs", {4000}}}}},
                     {"roundTripsUs", Json::array()}};
  world.says(figures);
  CHECK(meter->all.empty());  // it is not up
  world.come_up();
  world.advance(Duration{1000});
  world.says(figures);
  world.says(figures);
  REQUIRE(meter->all.size() == 1);
  CHECK(meter->all[0].encoders.at(0).times.size() == 1);
  world.advance(Duration{1000});
  world.says({{"type", "stats"}, {"afterMs", "lies"}});
  CHECK(meter->all.size() == 1);
}

TEST_CASE("how long a viewer's signaling takes is measured step by step", "[caf][stream]") {
  StreamFixture world;
  const auto meter = std::make_shared<Meter>();
  world.environment->stream_meter = meter;
  world.come_up();
  world.tell(world.stream, AddWatcher{"a", false});
  world.advance(Duration{80});
  world.offer(1);
  world.advance(Duration{15});
  world.answer("b", 1);
  world.answer("a", 1);
  CHECK(meter->steps == std::vector{std::pair{SignalingStep::offer, Duration{80}},
                                    std::pair{SignalingStep::answer, Duration{15}}});
}

TEST_CASE("what makes a viewer's pictures is recorded when it changes", "[caf][stream]") {
  StreamFixture world;
  const auto ledger = std::make_shared<Inbox>();
  world.environment->directory.put(world.stand_in<LedgerActor>(ledger));
  world.stream = world.keep(StreamActor{world.system.system().spawn<Stream>(
      world.environment, world.session, SharedValue{world.profile}, 0, "session/stream")});
  world.tell(world.stream, BindStream{world.vm});
  world.come_up();
  world.tell(world.stream, AddWatcher{"a", false});
  const auto say = [&](std::uint64_t epoch, const char* encoder, std::string reason) {
    world.says({{"type", "encoder"},
                {"epoch", epoch},
                {"codec", "h264"},
                {"encoder", encoder},
                {"reason", std::move(reason)}});
  };
  say(1, "made up", "because");
  say(1, "x264enc", std::string(10'000, 'x'));
  CHECK(ledger->count<RecordEvent>() == 0);
  say(1, "x264enc", "x264enc: the viewer takes H.264.");
  say(1, "vah264enc", "again");
  REQUIRE(ledger->count<RecordEvent>() == 1);
  const auto& event = ledger->last<RecordEvent>().event;
  CHECK(event.kind == "stream.encoder");
  CHECK(event.session == "session");
  CHECK(event.data == Json{{"viewer", "a"},
                           {"codec", "h264"},
                           {"encoder", "x264enc"},
                           {"detail", "x264enc: the viewer takes H.264."}});
  // A peer of later with the same is no news.
  world.offer(1);
  world.answer("a", 1);
  world.tell(world.stream, ViewerRenegotiates{"a"});
  say(2, "x264enc", "x264enc: the viewer takes H.264.");
  CHECK(ledger->count<RecordEvent>() == 1);
  world.offer(2);
  world.answer("a", 2);
  world.tell(world.stream, ViewerRenegotiates{"a"});
  say(3, "vah264enc", "vah264enc: the viewer takes H.264.");
  CHECK(ledger->count<RecordEvent>() == 2);
}

TEST_CASE("sizes that a streamer says without end are passed over", "[caf][stream]") {
  StreamFixture world;
  world.come_up();
  const auto before = world.heard->count<StreamDisplay>();
  for (int i = 0; i < 100; ++i)
    world.says({{"type", "display"}, {"width", 640 + i}, {"height", 480}});
  CHECK(world.heard->count<StreamDisplay>() <= before + 20);
  world.advance(Duration{1000});
  world.says({{"type", "display"}, {"width", 1280}, {"height", 720}});
  CHECK(world.heard->last<StreamDisplay>().width == 1280);
}

TEST_CASE("words of a dead epoch earn stale-epoch and do nothing else", "[caf][stream]") {
  StreamFixture world;
  world.come_up();
  world.tell(world.stream, AddWatcher{"a", false});
  world.offer(1);
  const auto before = world.streamer->count<SendStream>();
  world.answer("b", 1);
  CHECK(world.to_viewer()["code"] == "stale-epoch");
  world.answer("a", 2);
  CHECK(world.to_viewer()["code"] == "stale-epoch");
  world.answer("a", 1, "audio");
  CHECK(world.to_viewer()["code"] == "stale-epoch");
  world.tell(world.stream, ViewerCandidate{"a", {9, "main", "c", 0, "0"}});
  CHECK(world.to_viewer()["code"] == "stale-epoch");
  CHECK(world.streamer->count<SendStream>() == before);

  world.tell(world.stream, ViewerCandidate{"a", {1, "main", "c", 0, "0"}});
  CHECK(world.told("candidate").size() == 1);
  world.answer("a", 1);
  CHECK(world.told("answer").size() == 1);
  world.answer("a", 1);
  CHECK(world.to_viewer()["code"] == "protocol");
  CHECK(world.told("answer").size() == 1);
}

TEST_CASE("an answer before the offer is a mistake", "[caf][stream]") {
  StreamFixture world;
  world.come_up();
  world.tell(world.stream, AddWatcher{"a", false});
  world.answer("a", 1);
  CHECK(world.to_viewer()["code"] == "protocol");
  CHECK(world.told("answer").empty());
}

TEST_CASE("an offer that nobody answers is withdrawn after its time", "[caf][stream]") {
  StreamFixture world;
  world.come_up();
  world.tell(world.stream, AddWatcher{"a", false});
  world.tell(world.stream, AddWatcher{"b", false});
  world.offer(1);
  world.offer(2);
  world.answer("b", 2);
  world.advance(Duration{14'900});
  CHECK(world.told("remove").empty());
  world.advance(Duration{200});
  REQUIRE(world.told("remove").size() == 1);
  CHECK(world.told("remove").front()["epoch"] == 1);
  CHECK(world.to_viewer()["code"] == "answer-timeout");
  CHECK(world.heard->last<StreamEpochs>().living == std::set<std::uint64_t>{2});
  world.answer("a", 1);
  CHECK(world.to_viewer()["code"] == "stale-epoch");
  world.tell(world.stream, ViewerRenegotiates{"a"});
  CHECK(world.told("add").back()["epoch"] == 3);
}

TEST_CASE("the stream's state follows its child, with causes", "[caf][stream]") {
  StreamFixture world;
  world.come_up();
  world.tell(world.stream, AddWatcher{"a", false});
  auto exited = child_news(link::ChildNewsKind::exited, "stream");
  exited.exit = exit_of("stream", CauseKind::signal);
  world.news(exited);
  CHECK(world.heard->last<StreamEpochs>().living.empty());

  auto again = child_news(restarting, "stream");
  again.restarts = 1;
  again.retry_in = Duration{250};
  again.cause = some_cause(CauseKind::signal);
  world.news(again);
  CHECK(world.state() == StreamState::restarting);
  CHECK(world.heard->last<StreamNews>().retry_in == Duration{250});
  CHECK(world.heard->last<StreamNews>().cause->kind == CauseKind::signal);
  world.come_up();
  CHECK(world.state() == StreamState::up);
  CHECK_FALSE(world.heard->last<StreamNews>().cause);
  CHECK(world.heard->last<StreamNews>().status.restarts == 1);
  CHECK(world.told("add").back()["epoch"] == 2);

  auto given = child_news(given_up, "stream");
  given.exit = exit_of("stream", CauseKind::plugin_missing);
  world.news(given);
  CHECK(world.state() == StreamState::given_up);
  CHECK(world.heard->last<StreamNews>().cause->kind == CauseKind::plugin_missing);
  world.tell(world.stream, VmFinished{"vm", some_cause(CauseKind::crash_loop)});
  CHECK(world.state() == StreamState::given_up);
}

TEST_CASE("a streamer that was ended on purpose is told so", "[caf][stream]") {
  StreamFixture world;
  world.come_up();
  auto exited = child_news(link::ChildNewsKind::exited, "stream");
  exited.exit = exit_of("stream", CauseKind::killed);
  world.news(exited);
  CHECK(world.state() == StreamState::down);
  CHECK(world.heard->last<StreamNews>().cause->kind == CauseKind::killed);
}

TEST_CASE("other children are none of the stream's business", "[caf][stream]") {
  StreamFixture world;
  world.news(child_news(started, "browser"));
  world.news(child_news(ready, "browser"));
  CHECK(world.heard->count<StreamNews>() == 0);
}

TEST_CASE("a new epoch is asked for, once at a time", "[caf][stream]") {
  StreamFixture world;
  world.come_up();
  world.tell(world.stream, AddWatcher{"a", false});
  world.tell(world.stream, ViewerRenegotiates{"a"});
  CHECK(world.told("add").size() == 1);
  world.offer(1);
  world.answer("a", 1);
  world.tell(world.stream, ViewerRenegotiates{"a"});
  CHECK(world.told("add").back()["epoch"] == 2);
  CHECK(world.told("remove").back()["epoch"] == 1);
  world.answer("a", 1);
  CHECK(world.to_viewer()["code"] == "stale-epoch");
  world.tell(world.stream, ViewerRenegotiates{"stranger"});
  CHECK(world.told("add").size() == 2);
}

TEST_CASE("who asks for sound gets a peer of its own for it", "[caf][stream][audio]") {
  StreamFixture world;
  world.add_audio();
  world.come_up();
  world.tell(world.stream, AddWatcher{"a", true});
  world.tell(world.stream, AddWatcher{"b", false});
  REQUIRE(world.told("add").size() == 3);
  CHECK(world.told("add").at(0)["media"] == "main");
  CHECK(world.told("add").at(1) == Json{{"type", "add"}, {"epoch", 2}, {"media", "audio"}});
  CHECK(world.told("add").at(2)["media"] == "main");
  world.offer(2);
  CHECK(world.to_viewer()["media"] == "audio");
  world.answer("a", 2);
  CHECK(world.to_viewer()["code"] == "stale-epoch");
  world.answer("a", 2, "audio");
  CHECK(world.told("answer").size() == 1);
  world.says({{"type", "peer"}, {"epoch", 2U}, {"state", "first-frame"}});
  CHECK(world.heard->count<FirstFrame>() == 0);
  // Each has epochs of its own: the picture's is renewed without the sound's, and the other way.
  world.tell(world.stream, ViewerRenegotiates{"a", "audio"});
  CHECK(world.told("add").back() == Json{{"type", "add"}, {"epoch", 4}, {"media", "audio"}});
  CHECK(world.told("remove").back()["epoch"] == 2);
  world.tell(world.stream, ViewerRenegotiates{"b", "audio"});
  CHECK(world.told("add").size() == 4);
  // Changing one's mind.
  world.tell(world.stream, AddWatcher{"a", false});
  CHECK(world.told("remove").back()["epoch"] == 4);
  world.tell(world.stream, AddWatcher{"b", true});
  CHECK(world.told("add").back() == Json{{"type", "add"}, {"epoch", 5}, {"media", "audio"}});
  // A streamer that comes back offers all anew.
  auto exited = child_news(link::ChildNewsKind::exited, "stream");
  exited.exit = exit_of("stream", CauseKind::signal);
  world.news(exited);
  world.news(child_news(restarting, "stream"));
  world.come_up();
  CHECK(world.told("add").size() == 8);
  CHECK(world.heard->last<StreamEpochs>().living == std::set<std::uint64_t>{6, 7, 8});
}

TEST_CASE("a guest that has no sound, or can't give it, offers none", "[caf][stream][audio]") {
  StreamFixture world;
  SECTION("its profile has none") {
    world.come_up();
    world.tell(world.stream, AddWatcher{"a", true});
    world.tell(world.stream, ViewerRenegotiates{"a", "audio"});
    CHECK(world.told("add").size() == 1);
  }
  SECTION("it fails before it was heard: the viewer is told, the picture stays") {
    world.add_audio();
    world.come_up();
    world.tell(world.stream, AddWatcher{"a", true});
    world.says({{"type", "peer"}, {"epoch", 2U}, {"state", "failed"}, {"reason", "no server"}});
    CHECK(world.to_viewer()["code"] == "audio-unavailable");
    CHECK(world.told("add").size() == 2);
    CHECK(world.heard->last<StreamEpochs>().living == std::set<std::uint64_t>{1});
  }
}

TEST_CASE("a peer that failed is built anew", "[caf][stream]") {
  StreamFixture world;
  world.be_watched_by("a");
  world.peer_is(1, "first-frame");
  CHECK(world.heard->last<FirstFrame>().viewer == "a");
  world.peer_is(1, "failed");
  CHECK(world.told("remove").back()["epoch"] == 1);
  CHECK(world.told("add").back()["epoch"] == 2);
  // One that never worked waits to be asked, and a report about a dead one is ignored.
  world.peer_is(2, "failed");
  world.peer_is(1, "failed");
  world.says({{"type", "peer"}, {"epoch", "one"}});
  world.says(Json::object());
  CHECK(world.told("add").size() == 2);
}

TEST_CASE("a peer that its viewer has closed is not built anew until it asks", "[caf][stream]") {
  StreamFixture world;
  world.be_watched_by("a");
  world.peer_is(1, "closed");
  CHECK(world.told("add").size() == 1);
  world.tell(world.stream, AddWatcher{"a", false});  // as who resumes does
  CHECK(world.told("add").size() == 2);
}

TEST_CASE("who offers is answered, and hears when its peer is lost", "[caf][stream]") {
  StreamFixture world;
  world.tell(world.stream, ViewerOffers{"a", "v=0"});
  CHECK(world.to_viewer()["type"] == "peer-lost");
  CHECK(world.to_viewer()["code"] == "stream-not-up");
  CHECK(world.streamer->count<SendStream>() == 0);
  world.come_up();
  world.tell(world.stream, ViewerOffers{"a", "v=0"});
  CHECK(world.told("add").back() ==
        Json{{"type", "add"}, {"epoch", 1}, {"media", "main"}, {"sdp", "v=0"}});
  world.says({{"type", "answer"}, {"epoch", 1U}, {"sdp", "v=0 ours"}});
  CHECK(world.to_viewer() == Json{{"type", "answer"}, {"epoch", 1}, {"sdp", "v=0 ours"}});
  const auto heard = world.heard->count<StreamToViewer>();
  world.says({{"type", "candidate"}, {"epoch", 1U}, {"candidate", "c"}});
  world.says({{"type", "peer"}, {"epoch", 1U}, {"state", "connected"}});
  world.advance(Duration{20'000});
  CHECK(world.heard->count<StreamToViewer>() == heard);
  world.tell(world.stream, ViewerCandidate{"a", {1, "main", "c", 0, "0"}});
  CHECK(world.told("candidate").size() == 1);
  world.tell(world.stream, ViewerRenegotiates{"a"});
  world.says({{"type", "peer"}, {"epoch", 1U}, {"state", "failed"}, {"reason", "gone"}});
  CHECK(world.to_viewer() == Json{{"type", "peer-lost"}, {"code", ""}, {"reason", "gone"}});
  CHECK(world.told("remove").size() == 1);
  CHECK(world.told("add").size() == 1);
  // Only who was offered something can answer, and the other way round.
  world.tell(world.stream, AddWatcher{"b", false});
  world.says({{"type", "answer"}, {"epoch", 2U}, {"sdp", "v=0"}});
  CHECK(world.to_viewer()["type"] == "peer-lost");
}

TEST_CASE("control names the epoch of who holds it, or nobody's", "[caf][stream]") {
  StreamFixture world;
  world.come_up();
  world.tell(world.stream, ControlMoved{"a"});
  CHECK(world.told("control").back()["epoch"].is_null());
  world.tell(world.stream, AddWatcher{"a", false});
  CHECK(world.told("control").back()["epoch"] == 1);
  world.offer(1);
  world.answer("a", 1);
  world.tell(world.stream, ViewerRenegotiates{"a"});
  CHECK(world.told("control").back()["epoch"] == 2);
  world.tell(world.stream, ControlMoved{""});
  CHECK(world.told("control").back()["epoch"].is_null());
}

TEST_CASE("a guest that is gone takes all epochs along; a fresh one is bound", "[caf][stream]") {
  StreamFixture world;
  world.come_up();
  world.tell(world.stream, AddWatcher{"a", false});
  world.offer(1);
  world.tell(world.stream, VmFinished{"vm", some_cause(CauseKind::vmm_exited)});
  CHECK(world.state() == StreamState::down);
  CHECK(world.heard->last<StreamNews>().status.last_cause->kind == CauseKind::vmm_exited);
  world.answer("a", 1);
  CHECK(world.to_viewer()["code"] == "stale-epoch");

  const auto fresh = std::make_shared<Inbox>();
  world.tell(world.stream, BindStream{world.stand_in<VmActor>(fresh)});
  world.come_up();
  REQUIRE(fresh->count<SendStream>() == 1);
  CHECK(fresh->last<SendStream>().body["epoch"] == 2);
  world.tell(world.stream, RemoveWatcher{"a"});
  CHECK(fresh->last<SendStream>().body["type"] == "remove");
}

TEST_CASE("the stream ends with its session", "[caf][stream]") {
  StreamFixture world;
  const auto watch = std::make_shared<bool>(false);
  world.stream->attach_functor([watch] { *watch = true; });
  world.crash(world.session);
  CHECK(*watch);
}
