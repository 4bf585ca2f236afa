#include "actors/stream/stream.hpp"
#include "messages/text_field.hpp"

// Viewers that offer, and are answered (WHEP).

namespace aerie {
void Stream::take_offer(const ViewerOffers& message) {
  if (status_.state != StreamState::up)
    return tell_lost(message.viewer, "stream-not-up", "The stream is not up");
  const auto epoch = ++status_.epoch;
  peers_[epoch] = {message.viewer, "main", true, false, environment_->wall(), true};
  tell_epochs();
  tell_streamer({{"type", "add"}, {"epoch", epoch}, {"media", "main"}, {"sdp", message.sdp}});
  send_later(environment_->settings.answer_within, AnswerDeadline{epoch});
}

/// What the streamer says of a player's peer. It is told no candidates: they are in the answer.
void Stream::on_player_says(std::uint64_t epoch, const std::string& type, const Json& body) {
  auto& peer = peers_.at(epoch);
  const auto viewer = peer.viewer;
  const auto state = text_in(body, "state");
  if (type == "answer") {
    tell_viewer(viewer, {{"type", "answer"}, {"epoch", epoch}, {"sdp", text_in(body, "sdp")}});
  } else if (type == "offer") {
    close_epoch(epoch);
    tell_lost(viewer, "unavailable", "The guest's streamer is of a version that answers no offers");
  } else if (type == "peer" && state == "connected") {
    peer.is_answered = true;
    remember();
  } else if (type == "peer" && state == "first-frame") {
    send(session_, FirstFrame{viewer});
  } else if (type == "peer" && (state == "failed" || state == "closed")) {
    close_epoch(epoch);
    tell_lost(viewer, text_in(body, "code"), text_in(body, "reason"));
  }
}

/// To one that offered: its peer is no more, and nobody makes it another.
void Stream::tell_lost(const std::string& viewer, const std::string& code,
                       const std::string& reason) {
  tell_viewer(viewer, {{"type", "peer-lost"}, {"code", code}, {"reason", reason}});
}

}  // namespace aerie
