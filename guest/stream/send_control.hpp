#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "guest/stream/congestion_controller.hpp"
#include "guest/stream/event_loop.hpp"
#include "guest/stream/fan_out.hpp"
#include "guest/stream/packet_pacer.hpp"
#include "guest/stream/retransmission_guard.hpp"

namespace aerie::stream {

/// How fast one viewer's packets go, by that viewer's feedback; lives on the loop's thread. It
/// - estimates what the network takes (`CongestionController`) and paces packets once it has shown
///   a limit;
/// - has the present picture sent again where the last packets were lost and nothing follows them;
/// - starts afresh with a key frame where a queue is found that has lost much already and would
///   lose as much of what is sent again;
/// - takes a viewer that nothing is heard of for lost, for the moment: that is told, its feed is
///   let dry, and a key frame is tried every half second, so the picture comes with the network.
///
/// While everything sent has been confirmed it has no timer.
class SendControl : public std::enable_shared_from_this<SendControl> {
 public:
  /// On the loop's thread.
  struct Events {
    std::function<void()> changed;  ///< `target` is another
    std::function<void()> frame_wanted;
    std::function<void()> key_wanted;
    std::function<void()> silent;  ///< nothing is heard of the viewer any more; once a time
  };
  struct Figures {
    int target = 0;   ///< bit/s
    double loss = 0;  ///< 0 to 1, of the last half second
  };

  /// `sender` is what `make_sender` made. The feed's pacer is this one's.
  [[nodiscard]] static std::shared_ptr<SendControl> create(EventLoop& loop, GstElement* sender,
                                                           int most_bitrate, Events events);
  SendControl(const SendControl&) = delete;
  SendControl& operator=(const SendControl&) = delete;

  /// `webrtc` sends what `sender` gives, as packets of that type, and some of it again.
  void guard_retransmissions(GstElement* webrtc, int payload) {
    sends_again_ = guard_->attach(webrtc, payload);
  }
  /// The picture needs more, or less, at its best.
  void set_most(int bitrate);
  /// Before the pipeline stops: lets its threads go, and tells nothing more.
  void stop();

  [[nodiscard]] const std::shared_ptr<PeerFeed>& feed() const { return feed_; }
  [[nodiscard]] int target() const { return controller_.target(); }
  [[nodiscard]] Figures figures() const { return {controller_.target(), controller_.loss()}; }

 private:
  using Time = CongestionController::Time;

  SendControl(EventLoop& loop, int most_bitrate, Events events);
  void attach(GstElement* sender);
  void sent(Time at);
  void heard(const std::vector<PacketReport>& packets);
  void arm();
  void check();
  void check_silence(Time now);
  void publish(int before);
  void start_afresh(Time now);
  static GstPadProbeReturn on_upstream(GstPad*, GstPadProbeInfo* info, gpointer weak);

  EventLoop& loop_;
  Events events_;
  CongestionController controller_;
  std::shared_ptr<PacketPacer> pacer_;
  std::shared_ptr<PeerFeed> feed_;
  std::shared_ptr<RetransmissionGuard> guard_ = std::make_shared<RetransmissionGuard>();
  GstPtr<GstElement> payloader_;
  bool sends_again_ = false;
  Time fresh_at_{};
  std::atomic<std::int64_t> last_sent_us_ = 0;
  std::atomic<bool> is_armed_ = false;
  EventSource timer_;
  bool has_heard_ = false;
  Time confirmed_{};      ///< what was sent until then was heard of
  Time waiting_since_{};  ///< for a word on what was sent; zero: for none
  Time key_at_{};         ///< of the next try while dark
  int tries_ = 0;
  bool was_repeated_ = false;
  Time seen_sent_{};     ///< the last packet at the last check
  int busy_checks_ = 0;  ///< that found another packet sent, since something was heard
  bool is_silent_ = false;
  bool is_dark_ = false;
};

}  // namespace aerie::stream
