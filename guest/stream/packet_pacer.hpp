#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>

#include "guest/stream/gst_ptr.hpp"

namespace aerie::stream {

/// Spreads a peer's packets in time, so that a large picture does not fill the queues of the
/// network: holds the thread of the peer's appsrc, in which units then wait that a drop policy can
/// see. Any thread.
class PacketPacer {
 public:
  using Clock = std::chrono::steady_clock;

  /// `sent` is told of each packet before it goes, on the thread that sends it.
  explicit PacketPacer(std::function<void(Clock::time_point)> sent) : sent_(std::move(sent)) {}

  /// Whatever `payloader` gives from now on; `source` is the appsrc before it. The pads must not
  /// outlive the pacer.
  void attach(GstElement* source, GstElement* payloader);
  /// Lets everything pass, for the end of the pipeline.
  void stop();

  /// Bits a second; 0: all at once.
  void set_rate(int bits_per_second);
  /// What lies before it: bytes, and how long they will take.
  [[nodiscard]] std::size_t waiting_bytes() const;
  [[nodiscard]] std::chrono::milliseconds waiting() const;

 private:
  static GstPadProbeReturn on_unit(GstPad*, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn on_packets(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  void pace(std::size_t bytes);

  std::function<void(Clock::time_point)> sent_;
  GstPtr<GstElement> source_;
  std::atomic<int> rate_ = 0;
  std::atomic<std::size_t> unit_bytes_ = 0;  ///< of the unit that is being sent, what is left
  Clock::time_point next_at_{};              ///< the appsrc's thread only
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
};

}  // namespace aerie::stream
