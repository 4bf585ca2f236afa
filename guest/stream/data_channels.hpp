#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "guest/stream/event_loop.hpp"
#include "guest/stream/gst_ptr.hpp"
#include "guest/stream/token_bucket.hpp"
#include "guest/stream/viewer_messages.hpp"
#include "messages/cause.hpp"

namespace aerie::stream {

/// The two channels of a peer: `input` (ordered, reliable) and `pointer` (unordered, no
/// retransmits). What comes is bounded and parsed on webrtcbin's thread, and handed over on the
/// loop's. Refusals are sent at once, then gathered for 250 ms with a count.
class DataChannels : public std::enable_shared_from_this<DataChannels> {
 public:
  static constexpr double most_messages = 500;  // a second, both channels together

  struct Events {
    std::function<void()> opened;  ///< `input` takes messages now
    std::function<void()> closed;  ///< `input` was closed by the viewer
    std::function<void(ViewerMessage)> message;
  };

  /// Makes the channels on a webrtcbin that has not offered yet. False: it has no data channels.
  [[nodiscard]] static std::shared_ptr<DataChannels> create(EventLoop& loop, GstElement* webrtc,
                                                            Events events);

  /// To the viewer, on `input`. Dropped before it is open, and while more than 1 MiB waits for a
  /// viewer that does not read.
  void send(const Json& message);
  /// Tells the viewer that something it sent was not done.
  void refuse(const Refusal& refusal);
  /// No event is called any more.
  void detach();

 private:
  DataChannels(EventLoop& loop, Events events) : loop_(loop), events_(std::move(events)) {}

  [[nodiscard]] bool open(GstElement* webrtc);
  void listen(GstWebRTCDataChannel* channel);
  static void on_text(GstWebRTCDataChannel*, gchar* text, gpointer self);
  static void on_bytes(GstWebRTCDataChannel*, GBytes* bytes, gpointer self);
  static void on_open(GstWebRTCDataChannel*, gpointer self);
  static void on_close(GstWebRTCDataChannel*, gpointer self);
  [[nodiscard]] bool is_allowed();
  void arrived(std::string_view bytes);
  void flush_refusals();

  EventLoop& loop_;
  Events events_;
  GstPtr<GstWebRTCDataChannel> input_;
  GstPtr<GstWebRTCDataChannel> pointer_;
  EventSource refusal_pause_;
  bool detached_ = false;

  std::mutex mutex_;  // of what webrtcbin's thread touches too
  TokenBucket bucket_{most_messages};
  std::map<std::pair<std::string_view, std::string_view>, int> refusals_;
  bool flush_posted_ = false;
};

}  // namespace aerie::stream
