#include "guest/stream/retransmission_guard.hpp"

namespace aerie::stream {
namespace {

using Held = std::shared_ptr<RetransmissionGuard>;

void forget(gpointer held) {
  delete static_cast<Held*>(held);
}

}  // namespace

void RetransmissionGuard::attach(GstElement* webrtc) {
  auto* senders = gst_bin_iterate_all_by_element_factory_name(GST_BIN(webrtc), "rtprtxsend");
  GValue item = G_VALUE_INIT;
  while (gst_iterator_next(senders, &item) == GST_ITERATOR_OK) {
    const GstPtr<GstPad> pad{
        gst_element_get_static_pad(GST_ELEMENT(g_value_get_object(&item)), "src")};
    gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_request,
                      new Held(shared_from_this()), forget);
    g_value_unset(&item);
  }
  gst_iterator_free(senders);
}

void RetransmissionGuard::set_rate(int bits_per_second) {
  const std::scoped_lock lock{mutex_};
  budget_.set_rate(bits_per_second);
}

void RetransmissionGuard::start_afresh(std::uint16_t last) {
  const std::scoped_lock lock{mutex_};
  budget_.start_afresh(last, std::chrono::steady_clock::now());
}

bool RetransmissionGuard::takes(std::uint16_t number) {
  const std::scoped_lock lock{mutex_};
  return budget_.takes(number, std::chrono::steady_clock::now());
}

GstPadProbeReturn RetransmissionGuard::on_request(GstPad*, GstPadProbeInfo* info, gpointer guard) {
  const auto* fields = gst_event_get_structure(gst_pad_probe_info_get_event(info));
  guint number = 0;
  if (!fields || !gst_structure_has_name(fields, "GstRTPRetransmissionRequest") ||
      !gst_structure_get_uint(fields, "seqnum", &number))
    return GST_PAD_PROBE_OK;
  return (*static_cast<Held*>(guard))->takes(static_cast<std::uint16_t>(number))
             ? GST_PAD_PROBE_OK
             : GST_PAD_PROBE_DROP;
}

}  // namespace aerie::stream
