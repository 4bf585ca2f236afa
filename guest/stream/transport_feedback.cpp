#include "guest/stream/transport_feedback.hpp"

namespace aerie::stream {
namespace {

constexpr std::size_t most_packets = 4096;

DelayDetector::Time microseconds(guint64 nanoseconds) {
  return std::chrono::duration_cast<DelayDetector::Time>(
      std::chrono::nanoseconds{static_cast<std::int64_t>(nanoseconds)});
}

std::optional<PacketReport> packet_in(const GValue* value) {
  if (!GST_VALUE_HOLDS_STRUCTURE(value)) return std::nullopt;
  const auto* fields = gst_value_get_structure(value);
  PacketReport packet;
  guint64 sent = GST_CLOCK_TIME_NONE;
  guint64 received = GST_CLOCK_TIME_NONE;
  gboolean is_lost = FALSE;
  // One that is no longer remembered has no time of sending.
  if (!gst_structure_get(fields, "seqnum", G_TYPE_UINT, &packet.number, "local-ts", G_TYPE_UINT64,
                         &sent, "size", G_TYPE_UINT, &packet.bytes, "lost", G_TYPE_BOOLEAN,
                         &is_lost, nullptr) ||
      !GST_CLOCK_TIME_IS_VALID(sent) || sent == 0)
    return std::nullopt;
  packet.sent = microseconds(sent);
  if (!is_lost && gst_structure_get_uint64(fields, "remote-ts", &received) &&
      GST_CLOCK_TIME_IS_VALID(received))
    packet.received = microseconds(received);
  return packet;
}

}  // namespace

std::optional<std::vector<PacketReport>> transport_feedback_in(GstEvent* event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_CUSTOM_UPSTREAM) return std::nullopt;
  const auto* fields = gst_event_get_structure(event);
  if (!fields || !gst_structure_has_name(fields, "RTPTWCCPackets")) return std::nullopt;
  std::vector<PacketReport> packets;
  // By its name: GLib calls the macro for the type deprecated, GStreamer uses it nevertheless.
  const auto* list = gst_structure_get_value(fields, "packets");
  if (!list || !G_VALUE_HOLDS(list, g_type_from_name("GValueArray"))) return packets;
  const auto* values = static_cast<const GValueArray*>(g_value_get_boxed(list));
  for (guint i = 0; i < values->n_values && packets.size() < most_packets; ++i)
    if (const auto packet = packet_in(&values->values[i])) packets.push_back(*packet);
  return packets;
}

}  // namespace aerie::stream
