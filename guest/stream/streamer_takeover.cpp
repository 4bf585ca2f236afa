#include "guest/stream/streamer.hpp"

// A viewer that nothing was heard of has another peer beside its own: the first that is connected
// over the network that the viewer has now takes over. Its own may have come back meanwhile, so it
// lives until the viewer has had the time to change over without missing a picture.

namespace aerie::stream {
namespace {

constexpr std::chrono::seconds overlap{1};

}  // namespace

/// A peer is connected: control is its own from its first word on, without a word of the host's.
void Streamer::take_over(Epoch epoch) {
  const auto beside = peers_.at(epoch).beside;
  const auto before = beside ? peers_.find(*beside) : peers_.end();
  if (before == peers_.end()) return;
  if (holder_ == before->first) {
    holder_ = epoch;
    if (files_) files_->set_holder(holder_);
  }
  before->second.goes = loop_.after(overlap, [this, replaced = before->first] {
    say_peer(replaced, "closed");
    drop_peer(replaced);
  });
}

/// Of two peers of one viewer both speak for it.
bool Streamer::has_control(Epoch epoch) const {
  if (holder_ == epoch) return true;
  const auto holder = holder_ ? peers_.find(*holder_) : peers_.end();
  return holder != peers_.end() && holder->second.beside == epoch;
}

}  // namespace aerie::stream
