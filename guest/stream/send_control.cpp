#include "guest/stream/send_control.hpp"

#include <algorithm>

#include "guest/stream/transport_feedback.hpp"

namespace aerie::stream {
namespace {

using namespace std::chrono_literals;
using Time = CongestionController::Time;

constexpr int least_bitrate = 150'000;
constexpr double pace_of_target = 1.25;  // so that what waits gets less while the rate is kept
constexpr double deep_fall = 0.5;
constexpr Time fresh_pause = 5s;
constexpr auto check_pause = 100ms;
constexpr Time repeat_after = 300ms;  // beyond the usual response, like `dark_after`
constexpr Time dark_after = 600ms;
/// Sooner where packets went out all the time: then it is not the last of them that were lost.
constexpr Time silent_after = 400ms;
constexpr int silent_checks = 4;
constexpr Time most_response = 1s;
constexpr Time try_pause = 500ms;
constexpr Time late_try_pause = 2s;
constexpr int quick_tries = 20;

Time now() {
  return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

std::shared_ptr<SendControl> SendControl::create(EventLoop& loop, GstElement* sender,
                                                 int most_bitrate, Events events) {
  std::shared_ptr<SendControl> control{new SendControl(loop, most_bitrate, std::move(events))};
  control->attach(sender);
  return control;
}

SendControl::SendControl(EventLoop& loop, int most_bitrate, Events events)
    : loop_(loop),
      events_(std::move(events)),
      controller_({std::min(least_bitrate, most_bitrate), most_bitrate}) {}

void SendControl::attach(GstElement* sender) {
  const auto source = element_of(sender, "source");
  payloader_ = element_of(sender, "payloader");
  pacer_ =
      std::make_shared<PacketPacer>([weak = weak_from_this()](PacketPacer::Clock::time_point at) {
        // Held by the peer until its pipeline has stopped, so this is never the last one.
        if (const auto self = weak.lock())
          self->sent(std::chrono::duration_cast<Time>(at.time_since_epoch()));
      });
  pacer_->attach(source.get(), payloader_.get());
  feed_ = std::make_shared<PeerFeed>(source, pacer_);
  const GstPtr<GstPad> packets{gst_element_get_static_pad(payloader_.get(), "src")};
  gst_pad_add_probe(packets.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_upstream,
                    new std::weak_ptr<SendControl>(weak_from_this()),
                    [](gpointer weak) { delete static_cast<std::weak_ptr<SendControl>*>(weak); });
}

void SendControl::set_most(int bitrate) {
  const int before = controller_.target();
  controller_.set_most(bitrate);
  publish(before);
}

void SendControl::stop() {
  timer_.cancel();
  events_ = {[] {}, [] {}, [] {}, [] {}};
  pacer_->stop();
}

GstPadProbeReturn SendControl::on_upstream(GstPad*, GstPadProbeInfo* info, gpointer weak) {
  const auto& home = *static_cast<std::weak_ptr<SendControl>*>(weak);
  auto packets = transport_feedback_in(gst_pad_probe_info_get_event(info));
  if (!packets) return GST_PAD_PROBE_OK;
  if (const auto self = home.lock())
    self->loop_.post([home, packets = std::move(*packets)] {
      if (const auto control = home.lock()) control->heard(packets);
    });
  return GST_PAD_PROBE_DROP;
}

/// On the thread that sends.
void SendControl::sent(Time at) {
  last_sent_us_ = at.count();
  if (is_armed_.exchange(true)) return;
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->arm();
  });
}

void SendControl::arm() {
  timer_ = loop_.after(check_pause, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->check();
  });
}

void SendControl::heard(const std::vector<PacketReport>& packets) {
  const auto at = now();
  const int before = controller_.target();
  controller_.report(at, packets);
  auto latest = confirmed_;
  for (const auto& packet : packets)
    if (packet.received) latest = std::max(latest, packet.sent);
  if (latest > confirmed_) {
    confirmed_ = latest;
    has_heard_ = true;
    was_repeated_ = false;
    is_silent_ = false;
    busy_checks_ = 0;
    waiting_since_ = at;
    if (std::exchange(is_dark_, false)) feed_->set_dark(false);
  }
  publish(before);
}

void SendControl::publish(int before) {
  const int target = controller_.target();
  if (target == before) return;
  pacer_->set_rate(controller_.is_limited() ? static_cast<int>(pace_of_target * target) : 0);
  guard_->set_rate(controller_.is_limited() ? target : 0);
  if (target < deep_fall * before && controller_.is_draining()) start_afresh(now());
  events_.changed();
}

/// What went out at the former rate fills the network's queue, and most of it is lost.
void SendControl::start_afresh(Time at) {
  if (is_dark_ || !sends_again_ || at < fresh_at_ + fresh_pause) return;
  fresh_at_ = at;
  guint last = 0;
  g_object_get(payloader_.get(), "seqnum", &last, nullptr);
  guard_->start_afresh(static_cast<std::uint16_t>(last));
  feed_->start_afresh();
}

void SendControl::check() {
  timer_.cancel();
  const auto at = now();
  const Time last_sent{last_sent_us_};
  if (std::exchange(seen_sent_, last_sent) != last_sent) ++busy_checks_;
  const bool is_confirmed = last_sent <= confirmed_;
  if (is_confirmed)
    waiting_since_ = Time{};
  else if (waiting_since_ == Time{})
    waiting_since_ = at;
  if (feed_->takes_skipped()) events_.frame_wanted();
  if (is_confirmed && !feed_->is_behind()) {
    is_armed_ = false;
    // A packet that went just now saw the flag still set.
    if (Time{last_sent_us_} > confirmed_ && !is_armed_.exchange(true)) arm();
    return;
  }
  if (!is_confirmed && has_heard_) check_silence(at);
  if (!is_dark_ && feed_->asks_key()) events_.key_wanted();
  arm();
}

void SendControl::check_silence(Time at) {
  const auto quiet = at - waiting_since_;
  const auto response = std::min(controller_.response().value_or(100ms), most_response);
  if (quiet > repeat_after + response && !std::exchange(was_repeated_, true))
    events_.frame_wanted();
  const auto silent_within = busy_checks_ >= silent_checks ? silent_after : dark_after;
  if (quiet > silent_within + response && !std::exchange(is_silent_, true)) events_.silent();
  if (quiet <= dark_after + response) return;
  const int before = controller_.target();
  controller_.silence(at);
  if (!std::exchange(is_dark_, true)) {
    tries_ = 0;
    key_at_ = at;
    feed_->set_dark(true);
  }
  publish(before);
  if (at < key_at_) return;
  key_at_ = at + (++tries_ < quick_tries ? try_pause : late_try_pause);
  events_.key_wanted();
}

}  // namespace aerie::stream
