#include <catch2/catch.hpp>

#include "actors/session/session.hpp"
#include "actors/session/session_fixture.test.hpp"

using namespace aerie;
using namespace aerie::testing;
using signaling::ControlAction;

TEST_CASE("a welcome comes first and says where things stand", "[caf][session]") {
  SessionFixture world;
  const auto host = world.join(ViewerRole::host);
  const auto messages = delivered(*host.inbox);
  CHECK(messages.front()["type"] == "welcome");
  CHECK(messages.front()["seq"] == 1);
  CHECK(messages.front()["resumed"] == false);
  CHECK(messages.front()["role"] == "host");
  CHECK(messages.front()["viewer"] == host.joined.viewer);
  CHECK(messages.front()["display"] == Json{{"width", 1280}, {"height", 720}});
  CHECK(messages.front()["audio"] == false);
  for (std::size_t i = 0; i < messages.size(); ++i)
    CHECK(messages[i]["seq"] == i + 1);
  CHECK(host.last("stream")["state"] == "down");
  CHECK(host.holder() == host.joined.viewer);
  CHECK(host.last("viewers")["viewers"].at(0)["control"] == true);
  CHECK(world.events("viewer.joined").size() == 1);
  CHECK(world.document()->stage == Stage::first_viewer);

  const auto viewer = world.join(ViewerRole::viewer);
  CHECK(viewer.count("stream") == 1);
  CHECK(viewer.holder() == host.joined.viewer);
  CHECK(host.last("viewers")["viewers"].size() == 2);
  world.leave(viewer);
  CHECK(host.last("viewers")["viewers"].size() == 1);
  CHECK(world.events("viewer.left").size() == 1);
  CHECK(world.document()->viewers.size() == 1);
}

TEST_CASE("a viewer says whether it wants sound, and is told whether there is any",
          "[caf][session][audio]") {
  SessionFixture world;
  ChildSpec audio;
  audio.name = "audio";
  audio.builtin = Builtin::audio;
  world.profile.children.push_back(audio);
  world.session = world.start_session(world.vm, {});
  world.stream_comes_up();
  const auto with_media = [&](const std::string& media) {
    std::size_t count = 0;
    for (const auto& each : world.vm_heard->all<SendStream>())
      if (each.body.at("type") == "add" && each.body.at("media") == media) ++count;
    return count;
  };
  const auto host = world.join(ViewerRole::host);
  CHECK(host.last("welcome")["audio"] == true);
  CHECK(with_media("main") == 1);
  CHECK(with_media("audio") == 0);
  world.say(host, signaling::AudioWish{true});
  CHECK(with_media("audio") == 1);
  world.say(host, signaling::AudioWish{true});
  CHECK(with_media("audio") == 1);

  Join request;
  request.hello.role = ViewerRole::viewer;
  request.hello.audio = true;
  (void)world.join(request);
  CHECK(with_media("main") == 2);
  CHECK(with_media("audio") == 2);
}

TEST_CASE("a watch token does not make a host", "[caf][session]") {
  SessionFixture world;
  Join request;
  request.hello.role = ViewerRole::host;
  request.may_host = false;
  CHECK(world.join(request).joined.refusal->code == "unauthorized");
  request.hello.role = ViewerRole::viewer;
  CHECK_FALSE(world.join(request).joined.refusal);
}

TEST_CASE("viewers are limited, also those who come and go", "[caf][session]") {
  SessionFixture world;
  world.environment->settings.max_viewers = 2;
  const auto first = world.join(ViewerRole::host);
  const auto second = world.join(ViewerRole::viewer);
  CHECK(world.join(ViewerRole::viewer).joined.refusal->code == "quota");
  world.leave(first);
  const auto third = world.join(ViewerRole::viewer);
  CHECK_FALSE(third.joined.refusal);
  // The first made room for good: its token is forgotten.
  world.leave(third);
  CHECK(world.resume(first.resume(), first.last_seq()).last("welcome")["resumed"] == false);
}

TEST_CASE("control goes to the first host and is given, taken and freed", "[caf][session]") {
  SessionFixture world;
  const auto viewer = world.join(ViewerRole::viewer);
  CHECK(viewer.holder().is_null());
  const auto host = world.join(ViewerRole::host);
  const auto second = world.join(ViewerRole::host);
  CHECK(second.holder() == host.joined.viewer);

  world.control(viewer, ControlAction::request);
  CHECK(host.last("control")["requests"] == Json::array({viewer.joined.viewer}));
  world.control(viewer, ControlAction::give, second.joined.viewer);
  CHECK(viewer.last("error")["code"] == "not-in-control");
  world.control(viewer, ControlAction::take);
  CHECK(viewer.last("error")["code"] == "unauthorized");
  world.control(host, ControlAction::give, "nobody");
  CHECK(host.last("error")["code"] == "not-found");
  world.control(host, ControlAction::give, viewer.joined.viewer);
  CHECK(host.holder() == viewer.joined.viewer);
  CHECK(host.last("control")["requests"].empty());

  Join request;
  request.hello.role = ViewerRole::viewer;
  request.is_operator = true;
  const auto admin = world.join(request);
  world.control(admin, ControlAction::take);
  CHECK(host.holder() == admin.joined.viewer);
  world.leave(admin);
  CHECK(host.holder().is_null());
  world.control(viewer, ControlAction::request);
  CHECK(host.holder().is_null());
  world.control(host, ControlAction::request);
  CHECK(host.holder() == host.joined.viewer);
  world.control(host, ControlAction::release);
  CHECK(host.holder().is_null());
  CHECK(world.events("control.changed").size() == 6);
}

TEST_CASE("a resume brings what was missed, and control if it is still free", "[caf][session]") {
  SessionFixture world;
  const auto host = world.join(ViewerRole::host);
  const auto other = world.join(ViewerRole::viewer);
  const auto seen = host.last_seq();
  world.leave(host);
  CHECK(other.holder().is_null());
  world.become_ready();
  const auto back = world.resume(host.resume(), seen);
  CHECK(back.joined.viewer == host.joined.viewer);
  const auto messages = delivered(*back.inbox);
  CHECK(messages.front()["type"] == "welcome");
  CHECK(messages.front()["resumed"] == true);
  CHECK(messages.front()["resume"] == host.resume());
  CHECK(messages.front()["seq"] == seen);
  for (std::size_t i = 0; i < messages.size(); ++i)
    CHECK(messages[i]["seq"] == seen + i);
  CHECK(back.last("state")["state"] == "ready");
  CHECK(back.holder() == host.joined.viewer);
}

TEST_CASE("control that somebody else took meanwhile stays theirs", "[caf][session]") {
  SessionFixture world;
  const auto host = world.join(ViewerRole::host);
  const auto other = world.join(ViewerRole::host);
  world.leave(host);
  world.control(other, ControlAction::request);
  const auto back = world.resume(host.resume(), host.last_seq());
  CHECK(back.holder() == other.joined.viewer);
}

TEST_CASE("a resume that is too old starts anew at one", "[caf][session]") {
  SessionFixture world;
  const auto host = world.join(ViewerRole::host);
  for (int i = 0; i < 300; ++i)
    world.say(host, signaling::Ping{i});
  world.leave(host);
  world.stream_comes_up();
  const auto adds = world.vm_heard->count<SendStream>();
  const auto back = world.resume(host.resume(), 3);
  CHECK(back.last("welcome")["resumed"] == false);
  CHECK(back.last("welcome")["seq"] == 1);
  CHECK(back.last("stream")["state"] == "up");
  CHECK(world.vm_heard->count<SendStream>() > adds);
  const auto stranger = world.resume("no such token", 3);
  CHECK(stranger.last("welcome")["resumed"] == false);
  CHECK(stranger.joined.viewer != host.joined.viewer);
}

TEST_CASE("offers of living epochs come back with a resume, dead ones do not", "[caf][session]") {
  SessionFixture world;
  world.stream_comes_up();
  const auto host = world.join(ViewerRole::host);
  const auto other = world.join(ViewerRole::viewer);
  const auto seen = host.last_seq();
  world.tell(world.session, VmStreamSays{"vm", {{"type", "offer"}, {"epoch", 1U}, {"sdp", "o"}}});
  world.leave(host);
  auto back = world.resume(host.resume(), seen);
  CHECK(back.count("offer") == 1);
  world.leave(back);
  const auto epochs = world.document()->stream.epoch;
  world.advance(Duration{15'100});  // nobody answers: the offer is withdrawn
  back = world.resume(host.resume(), seen);
  CHECK(back.count("offer") == 0);
  CHECK(world.document()->stream.epoch == epochs + 1);
}

TEST_CASE("a second socket with one token wins", "[caf][session]") {
  SessionFixture world;
  const auto host = world.join(ViewerRole::host);
  const auto second = world.resume(host.resume(), host.last_seq());
  CHECK(host.inbox->last<Hang>().code == 4001);
  world.leave(host);
  CHECK(world.document()->viewers.size() == 1);
  CHECK(second.holder() == host.joined.viewer);
}

TEST_CASE("a token that is not resumed in time is void", "[caf][session]") {
  SessionFixture world;
  world.become_ready();
  world.stream_comes_up();
  const auto host = world.join(ViewerRole::host);
  world.leave(host);
  world.advance(Duration{59'900});
  CHECK(world.vm_heard->last<SendStream>().body["type"] != "remove");
  world.advance(Duration{200});
  CHECK(world.vm_heard->last<SendStream>().body["type"] == "remove");
  const auto back = world.resume(host.resume(), host.last_seq());
  CHECK(back.last("welcome")["resumed"] == false);
  CHECK(back.joined.viewer != host.joined.viewer);
}

TEST_CASE("a ping is answered and a second hello is a mistake", "[caf][session]") {
  SessionFixture world;
  const auto host = world.join(ViewerRole::host);
  world.say(host, signaling::Ping{"n"});
  CHECK(host.last("pong")["nonce"] == "n");
  world.say(host, signaling::Hello{});
  CHECK(host.last("error")["code"] == "protocol");
}

TEST_CASE("a silent viewer is offered another peer by its socket, if that is there",
          "[caf][session]") {
  SessionFixture world;
  world.stream_comes_up();
  const auto host = world.join(ViewerRole::host);
  const auto says = [&](Json body) {
    world.tell(world.session, VmStreamSays{"vm", std::move(body)});
  };
  const auto added = [&] {
    std::size_t count = 0;
    for (const auto& each : world.vm_heard->all<SendStream>())
      if (each.body.at("type") == "add") ++count;
    return count;
  };
  says({{"type", "offer"}, {"epoch", 1U}, {"sdp", "o"}});
  world.say(host, signaling::Answer{1, "main", "a"});
  const auto heard = delivered(*host.inbox).size();
  SECTION("it is") {
    says({{"type", "peer"}, {"epoch", 1U}, {"state", "silent"}});
    CHECK(added() == 2);
    says({{"type", "offer"}, {"epoch", 2U}, {"sdp", "o"}});
    CHECK(delivered(*host.inbox).size() == heard + 1);
    CHECK(host.last("offer")["epoch"] == 2);
    // By the socket that the viewer opens in its new network the offer comes again.
    const auto again = world.resume(host.resume(), delivered(*host.inbox)[heard - 1]["seq"]);
    CHECK(again.last("offer")["epoch"] == 2);
    CHECK(added() == 2);
  }
  SECTION("it is gone") {
    world.leave(host);
    says({{"type", "peer"}, {"epoch", 1U}, {"state", "silent"}});
    CHECK(added() == 1);
  }
}
