#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "guest/stream/event_loop.hpp"
#include "guest/stream/gst_ptr.hpp"
#include "messages/cause.hpp"

namespace aerie::stream {

/// The data channel `files` of a peer: ordered and reliable, beside `input`, so that a file never
/// stands before a key. What comes is handed from webrtcbin's thread to the loop's; beyond
/// `most_waiting` bytes it is dropped, and that is told.
class FileChannel : public std::enable_shared_from_this<FileChannel> {
 public:
  static constexpr std::size_t most_waiting = 4 * 1024 * 1024;

  /// On the loop's thread.
  struct Events {
    std::function<void()> opened;
    std::function<void(const std::string&)> text;
    std::function<void(const std::string&)> bytes;
    std::function<void()> flooded;
  };

  /// Makes the channel on a webrtcbin that has not offered yet. Null: it has no data channels.
  [[nodiscard]] static std::shared_ptr<FileChannel> create(EventLoop& loop, GstElement* webrtc);

  /// Whom it tells from now on.
  void listen(Events events) { events_ = std::move(events); }
  /// Nobody is told anything any more.
  void detach() { events_ = {}; }

  void say(const Json& message);
  void send(const std::string& bytes);
  [[nodiscard]] std::size_t buffered() const;

 private:
  explicit FileChannel(EventLoop& loop) : loop_(loop) {}
  static void on_open(GstWebRTCDataChannel*, gpointer self);
  static void on_text(GstWebRTCDataChannel*, gchar* text, gpointer self);
  static void on_bytes(GstWebRTCDataChannel*, GBytes* bytes, gpointer self);
  void arrived(std::string message, bool is_text);
  [[nodiscard]] bool is_open() const;

  EventLoop& loop_;
  Events events_;
  GstPtr<GstWebRTCDataChannel> channel_;
  std::atomic<std::size_t> waiting_ = 0;
  std::atomic<bool> is_flooded_ = false;
};

}  // namespace aerie::stream
