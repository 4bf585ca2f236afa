#pragma once

#include "actors/core/world.test.hpp"
#include "actors/stream/stream.hpp"

namespace aerie::testing {

/// A stream between a session and a VM that only listen.
struct StreamFixture : World {
  explicit StreamFixture(std::uint64_t last_epoch = 0)
      : session(stand_in<SessionActor>(heard)),
        vm(stand_in<VmActor>(streamer)),
        stream(start_stream(session, last_epoch)) {
    tell(stream, BindStream{vm});
  }

  /// Another stream in its place, of a guest that can be heard.
  void add_audio() {
    ChildSpec audio;
    audio.name = "audio";
    audio.builtin = Builtin::audio;
    profile.children.push_back(audio);
    stream = start_stream(session, 0);
    tell(stream, BindStream{vm});
  }

  void news(link::ChildNews news) { tell(stream, VmChildNews{"vm", std::move(news)}); }
  void says(Json body) { tell(stream, VmStreamSays{"vm", std::move(body)}); }
  void come_up() {
    news(child_news(link::ChildNewsKind::started, "stream"));
    news(child_news(link::ChildNewsKind::ready, "stream"));
  }
  void offer(std::uint64_t epoch) { says({{"type", "offer"}, {"epoch", epoch}, {"sdp", "o"}}); }
  void answer(const std::string& viewer, std::uint64_t epoch, const std::string& media = "main") {
    tell(stream, ViewerAnswer{viewer, {epoch, media, "a"}});
  }

  /// A viewer watches by the first peer, which it has answered.
  void be_watched_by(const std::string& viewer) {
    come_up();
    tell(stream, AddWatcher{viewer, false});
    offer(1);
    answer(viewer, 1);
  }

  /// What the streamer tells of a peer.
  void peer_is(std::uint64_t epoch, const char* state) {
    says({{"type", "peer"}, {"epoch", epoch}, {"state", state}});
  }

  /// What the streamer was told, of one type.
  [[nodiscard]] std::vector<Json> told(const std::string& type) const {
    std::vector<Json> found;
    for (const auto& each : streamer->all<SendStream>())
      if (each.body.at("type") == type) found.push_back(each.body);
    return found;
  }
  [[nodiscard]] Json to_viewer() const { return heard->last<StreamToViewer>().message; }
  [[nodiscard]] StreamState state() const { return heard->last<StreamNews>().status.state; }

  std::shared_ptr<Inbox> heard = std::make_shared<Inbox>();
  std::shared_ptr<Inbox> streamer = std::make_shared<Inbox>();
  SessionActor session;
  VmActor vm;
  StreamActor stream;
};

}  // namespace aerie::testing
