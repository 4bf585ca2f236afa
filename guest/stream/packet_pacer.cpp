#include "guest/stream/packet_pacer.hpp"

#include <algorithm>
#include <gst/app/gstappsrc.h>

namespace aerie::stream {
namespace {

/// What may go at once after a rest: timers are no finer.
constexpr std::chrono::milliseconds burst{5};

PacketPacer::Clock::duration time_of(std::size_t bytes, int rate) {
  return std::chrono::duration_cast<PacketPacer::Clock::duration>(
      std::chrono::duration<double>(static_cast<double>(bytes) * 8 / rate));
}

}  // namespace

void PacketPacer::attach(GstElement* source, GstElement* payloader) {
  source_ = GstPtr<GstElement>::borrow(source);
  const GstPtr<GstPad> units{gst_element_get_static_pad(source, "src")};
  gst_pad_add_probe(units.get(), GST_PAD_PROBE_TYPE_BUFFER, on_unit, this, nullptr);
  const GstPtr<GstPad> packets{gst_element_get_static_pad(payloader, "src")};
  gst_pad_add_probe(
      packets.get(),
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST),
      on_packets, this, nullptr);
}

void PacketPacer::stop() {
  const std::scoped_lock lock{mutex_};
  stopped_ = true;
  changed_.notify_all();
}

void PacketPacer::set_rate(int bits_per_second) {
  rate_ = bits_per_second;
}

std::size_t PacketPacer::waiting_bytes() const {
  return gst_app_src_get_current_level_bytes(GST_APP_SRC(source_.get())) + unit_bytes_;
}

std::chrono::milliseconds PacketPacer::waiting() const {
  const int rate = rate_;
  if (rate == 0) return std::chrono::milliseconds{0};
  return std::chrono::duration_cast<std::chrono::milliseconds>(time_of(waiting_bytes(), rate));
}

GstPadProbeReturn PacketPacer::on_unit(GstPad*, GstPadProbeInfo* info, gpointer self) {
  static_cast<PacketPacer*>(self)->unit_bytes_ =
      gst_buffer_get_size(gst_pad_probe_info_get_buffer(info));
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn PacketPacer::on_packets(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
  auto& pacer = *static_cast<PacketPacer*>(self);
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    pacer.pace(gst_buffer_get_size(gst_pad_probe_info_get_buffer(info)));
    return GST_PAD_PROBE_OK;
  }
  auto* list = gst_pad_probe_info_get_buffer_list(info);
  if (pacer.rate_ == 0) {
    pacer.unit_bytes_ = 0;
    pacer.sent_(Clock::now());
    return GST_PAD_PROBE_OK;
  }
  auto flow = GST_FLOW_OK;
  for (guint i = 0; i < gst_buffer_list_length(list) && flow == GST_FLOW_OK; ++i)
    flow = gst_pad_push(pad, gst_buffer_ref(gst_buffer_list_get(list, i)));  // comes here again
  gst_buffer_list_unref(list);
  GST_PAD_PROBE_INFO_FLOW_RETURN(info) = flow;
  return GST_PAD_PROBE_HANDLED;
}

void PacketPacer::pace(std::size_t bytes) {
  const int rate = rate_;
  auto now = Clock::now();
  if (rate > 0) {
    next_at_ = std::max(next_at_, now - burst);
    if (next_at_ > now) {
      std::unique_lock lock{mutex_};
      changed_.wait_until(lock, next_at_, [this] { return stopped_; });
      now = Clock::now();
    }
    next_at_ += time_of(bytes, rate);
  }
  const std::size_t left = unit_bytes_;
  unit_bytes_ = left - std::min(left, bytes);
  sent_(now);
}

}  // namespace aerie::stream
