#include "tests/support/media_path.hpp"

namespace aerie::test {
namespace {

/// In each document: the page's own addresses stay with it, and the guest's wait for the test.
constexpr const char* gate = R"((() => {
  const path = window.mediaPath = { waiting: [] };
  const add = RTCPeerConnection.prototype.addIceCandidate;
  RTCPeerConnection.prototype.addIceCandidate = async function (candidate) {
    if (candidate?.candidate)
      path.waiting.push({ text: candidate.candidate,
        use: (led) => add.call(this, { ...candidate, candidate: led }) });
  };
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (text) {
    const message = JSON.parse(text);
    if (message.type === 'candidate') return;
    if (message.type === 'answer')
      message.sdp = message.sdp.split('\r\n').filter((line) => !line.startsWith('a=candidate:')).join('\r\n');
    send.call(this, JSON.stringify(message));
  };
})())";

}  // namespace

MediaPath::MediaPath(Page& page, const NetworkShape& shape) : page_(page), shape_(shape) {
  page_.in_every_document(gate);
}

void MediaPath::lay(std::chrono::milliseconds within) {
  const Deadline deadline(within);
  auto relay = std::make_unique<UdpRelay>(static_cast<unsigned>(relays_.size()));
  relay->set_shape(shape_);
  for (;;) {
    page_.wait_for("mediaPath.waiting.length > 0", deadline.left());
    const auto candidate =
        page_.evaluate("(mediaPath.next = mediaPath.waiting.shift()).text").get<std::string>();
    const auto led = relay->lead_through(candidate);
    if (!led) continue;
    relays_.push_back(std::move(relay));
    page_.evaluate("void mediaPath.next.use(" + Json(*led).dump() + ")");
    return;
  }
}

void MediaPath::cut() {
  page_.evaluate(
      "void (mediaPath.waiting.length = 0)");  // further ones of the peer that is cut off
  relays_.back()->set_shape({.is_cut = true});
}

void MediaPath::mend() {
  relays_.back()->set_shape(shape_);
}

}  // namespace aerie::test
