#pragma once

#include <memory>
#include <mutex>

#include "guest/stream/gst_ptr.hpp"
#include "guest/stream/retransmission_budget.hpp"

namespace aerie::stream {

/// Keeps a viewer's requests for lost packets within a `RetransmissionBudget`, on their way from
/// rtpsession to the element that sends packets again. Any thread.
class RetransmissionGuard : public std::enable_shared_from_this<RetransmissionGuard> {
 public:
  /// Stands before every `rtprtxsend` that the webrtcbin has. False: none of them sends packets of
  /// that payload type again.
  [[nodiscard]] bool attach(GstElement* webrtc, int payload);

  /// See `RetransmissionBudget`.
  void set_rate(int bits_per_second);
  void start_afresh(std::uint16_t last);

 private:
  [[nodiscard]] bool takes(std::uint16_t number);
  static GstPadProbeReturn on_request(GstPad*, GstPadProbeInfo* info, gpointer guard);

  std::mutex mutex_;
  RetransmissionBudget budget_;
};

}  // namespace aerie::stream
