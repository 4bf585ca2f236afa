#include "runtime/drivers/guest_link.hpp"

namespace aerie {

GuestLink::GuestLink(Reactor& reactor, UniqueFd socket, const std::string& secret, Events events)
    : handshake_(secret), events_(std::move(events)) {
  socket_ = std::make_unique<FrameSocket>(
      reactor, std::move(socket),
      FrameSocket::Events{[this](const Json& frame) { on_frame(frame); },
                          [this](Cause cause) { break_off(std::move(cause)); }});
  socket_->send(handshake_.hello());
}

void GuestLink::send(const link::HostMessage& message) {
  if (phase_ == Phase::linked) socket_->send(link::to_frame(message));
}

void GuestLink::on_frame(const Json& frame) {
  if (phase_ == Phase::broken) return;
  if (phase_ == Phase::greeting) {
    const auto proof = handshake_.answer(frame);
    if (!proof) return break_off(proof.error());
    phase_ = Phase::proving;
    socket_->send(*proof);
    return;
  }
  auto message = link::parse_guest_message(frame);
  if (!message) return break_off(message.error());
  if (phase_ == Phase::linked) return events_.on_message(std::move(*message));
  const auto* linked = std::get_if<link::Linked>(&*message);
  if (linked == nullptr)
    return break_off({CauseKind::link_violation,
                      "The guest spoke before the handshake was done.",
                      "Retire the session; its guest is hostile or of another version.",
                      {}});
  is_configured_ = linked->configured;
  phase_ = Phase::linked;
  events_.on_linked();
}

void GuestLink::break_off(Cause cause) {
  if (phase_ == Phase::broken) return;
  phase_ = Phase::broken;
  socket_->close();
  events_.on_lost(std::move(cause));
}

}  // namespace aerie
