#include "benchmarks/stream/receivers.hpp"

#include <stdexcept>

namespace aerie::bench {

Receivers::Receivers(RunningContestant& streamer)
    : streamer_(streamer), process_("receivers", {AERIE_STREAM_RECEIVERS}) {}

void Receivers::join(int epoch, const std::string& codec, test::UdpRelay* relay) {
  auto& viewer = viewers_[epoch] = {codec, relay};
  streamer_.say({{"type", "add"}, {"epoch", epoch}, {"media", "main"}});
  while (!viewer.is_connected) {
    auto& speaker = ControlledProcess::speaker(streamer_, process_);
    &speaker == &process_ ? receivers_said(speaker.hear()) : streamer_said(speaker.hear());
  }
}

void Receivers::streamer_said(Json message) {
  const auto found = viewers_.find(message.value("epoch", 0));
  if (found == viewers_.end()) return;
  auto& [epoch, viewer] = *found;
  const auto type = message.at("type").get<std::string>();
  if (type == "peer" && message["state"] == "failed")
    throw std::runtime_error("the streamer says: " + message.dump());
  if (type == "peer" && message["state"] == "first-frame") viewer.is_connected = true;
  if (type == "offer") {
    message["codec"] = viewer.codec;
    process_.say(message);
  } else if (type == "candidate") {
    const std::string candidate = message["candidate"];
    const auto led = viewer.relay != nullptr ? viewer.relay->lead_through(candidate) : candidate;
    if (!led) return;
    message["candidate"] = *led;
    process_.say(message);
  }
}

void Receivers::receivers_said(Json message) {
  const auto& viewer = viewers_.at(message.at("epoch").get<int>());
  // Whoever is behind a relay is not to be reached otherwise.
  if (viewer.relay != nullptr && message["type"] == "candidate") return;
  if (viewer.relay != nullptr) message["sdp"] = test::without_candidates(message["sdp"]);
  streamer_.say(message);
}

std::map<int, int> Receivers::pictures() {
  process_.say({{"type", "count"}});
  while (true) {
    auto message = process_.hear();
    if (message["type"] == "counted") return message["pictures"].get<std::map<int, int>>();
    receivers_said(std::move(message));
  }
}

}  // namespace aerie::bench
