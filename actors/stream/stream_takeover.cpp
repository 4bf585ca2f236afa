#include <utility>
#include <vector>

#include "actors/stream/stream.hpp"

// From one peer of a viewer to the next. One that the streamer hears nothing of has another
// network, or none for the moment: it is offered one more peer and keeps its own, so the picture is
// back whether or not the network is, and whichever of the two is left is the newer one.

namespace aerie {

/// Once a time of silence, and not while an offer is unanswered. The session knows whether there is
/// a socket to offer by, and asks for the peer.
void Stream::on_silent(std::uint64_t epoch) {
  constexpr Duration least_pause{1000};  // whatever a guest says
  auto& peer = peers_.at(epoch);
  const auto now = monotonic();
  const bool is_known = peer.silent_at && now - *peer.silent_at < least_pause;
  const bool is_newest = epoch_of(peer.viewer, peer.media) == epoch;
  if (peer.media != "main" || !peer.is_answered || peer.beside != 0 || !is_newest || is_known)
    return;
  peer.silent_at = now;
  peer.is_silent = true;
  tell_viewer(peer.viewer, {{"type", "silent"}, {"epoch", epoch}});
}

void Stream::renegotiate(const std::string& viewer, const std::string& media) {
  const auto watcher = watchers_.find(viewer);
  if (watcher == watchers_.end()) return;
  if (media == "audio" && !(watcher->second && has_audio_)) return;
  if (status_.state != StreamState::up) return;  // the offer comes when the stream is up
  // The old peer goes only after the new one is asked for: the picture need not stop.
  const auto old = epoch_of(viewer, media);
  if (old && !peers_.at(*old).is_offered) return;  // a fresh offer is on its way as it is
  const auto kept = old ? kept_beside(*old) : 0;
  open_epoch(viewer, media, kept);
  if (old && old != kept) close_epoch(*old);
}

/// The epoch that stays while the one after `epoch` is made; 0: none.
std::uint64_t Stream::kept_beside(std::uint64_t epoch) {
  auto& peer = peers_.at(epoch);
  if (peer.beside != 0) return peer.beside;
  return std::exchange(peer.is_silent, false) ? epoch : 0;
}

/// The streamer has given it control already, and lets the one before go.
void Stream::on_connected(std::uint64_t epoch) {
  auto& peer = peers_.at(epoch);
  if (peer.beside == 0) return;
  std::vector<std::uint64_t> former;
  for (auto& [each, other] : peers_)
    if (other.is_replaced && other.viewer == peer.viewer) former.push_back(each);
  peers_.at(std::exchange(peer.beside, 0)).is_replaced = true;
  for (const auto each : former)
    close_epoch(each);
  if (peer.viewer == controller_) send_control();
  remember();
}

}  // namespace aerie
