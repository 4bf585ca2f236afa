#include "guest/stream/retransmission_guard.hpp"

#include <string>

namespace aerie::stream {
namespace {

using Held = std::shared_ptr<RetransmissionGuard>;

void forget(gpointer held) {
  delete static_cast<Held*>(held);
}

bool sends_again(GstElement* sender, int payload) {
  GstStructure* payloads = nullptr;
  g_object_get(sender, "payload-type-map", &payloads, nullptr);
  if (!payloads) return false;
  const bool has = gst_structure_has_field(payloads, std::to_string(payload).c_str()) == TRUE;
  gst_structure_free(payloads);
  return has;
}

}  // namespace

bool RetransmissionGuard::attach(GstElement* webrtc, int payload) {
  bool has_any = false;
  auto* senders = gst_bin_iterate_all_by_element_factory_name(GST_BIN(webrtc), "rtprtxsend");
  GValue item = G_VALUE_INIT;
  while (gst_iterator_next(senders, &item) == GST_ITERATOR_OK) {
    auto* sender = GST_ELEMENT(g_value_get_object(&item));
    has_any = has_any || sends_again(sender, payload);
    const GstPtr<GstPad> pad{gst_element_get_static_pad(sender, "src")};
    gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_request,
                      new Held(shared_from_this()), forget);
    g_value_unset(&item);
  }
  gst_iterator_free(senders);
  return has_any;
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
