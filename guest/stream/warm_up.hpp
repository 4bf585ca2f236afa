#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "guest/stream/event_loop.hpp"

namespace aerie::stream {

/// Does once, in a thread of its own, what the first viewer would wait for otherwise. Always: the
/// DTLS certificate that GStreamer makes with the first element that could need it. While the
/// streamer only stands by, also a picture of each encoder and an offer, which load and touch all
/// the libraries that a stream uses. Nothing of it is kept.
class WarmUp {
 public:
  /// `done` comes on the loop's thread, unless this ends before.
  WarmUp(EventLoop& loop, std::function<void()> done);
  WarmUp(const WarmUp&) = delete;
  WarmUp& operator=(const WarmUp&) = delete;
  /// Waits for what is begun.
  ~WarmUp();

  /// The streamer is needed: what is not begun yet is left out.
  void hurry() { is_hurried_ = true; }
  [[nodiscard]] bool is_done() const { return is_done_; }

 private:
  void run() const;

  std::atomic<bool> is_hurried_ = false;
  bool is_done_ = false;  ///< on the loop's thread
  EventLoop& loop_;
  std::function<void()> done_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::jthread thread_;
};

}  // namespace aerie::stream
