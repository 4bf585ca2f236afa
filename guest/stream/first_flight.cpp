#include "guest/stream/first_flight.hpp"

#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace aerie::stream {
namespace {

constexpr std::size_t most_packets = 16;

/// What waits, and whether it still has to. Shared by handlers on several threads.
class Held {
 public:
  /// Called on the receiving thread, which also receives checks and must not be blocked.
  GstPadProbeReturn take(GstPad* pad, GstBuffer* packet) {
    const std::lock_guard lock(mutex_);
    if (is_selected_) return GST_PAD_PROBE_REMOVE;
    if (packet && packets_.size() < most_packets)
      packets_.emplace_back(GstTraits<GstPad>::take(pad), GstTraits<GstBuffer>::take(packet));
    return GST_PAD_PROBE_DROP;
  }

  /// Lets it go on. Beside the receiving thread: the pad after it takes one packet at a time.
  void release() {
    std::vector<std::pair<GstPtr<GstPad>, GstPtr<GstBuffer>>> packets;
    {
      const std::lock_guard lock(mutex_);
      is_selected_ = true;
      packets.swap(packets_);
    }
    for (const auto& [pad, packet] : packets)
      gst_pad_push(pad.get(), GstTraits<GstBuffer>::take(packet.get()));
  }

 private:
  std::mutex mutex_;
  bool is_selected_ = false;
  std::vector<std::pair<GstPtr<GstPad>, GstPtr<GstBuffer>>> packets_;
};

using Shared = std::shared_ptr<Held>;

const Shared& of(gpointer held) {
  return *static_cast<const Shared*>(held);
}

void destroy(gpointer held) {
  delete static_cast<const Shared*>(held);
}

GstPadProbeReturn on_packet(GstPad* pad, GstPadProbeInfo* info, gpointer held) {
  return of(held)->take(pad, gst_pad_probe_info_get_buffer(info));
}

void on_element(GstBin*, GstBin*, GstElement* element, gpointer held) {
  const auto* factory = gst_element_get_factory(element);
  if (!factory || std::string_view{GST_OBJECT_NAME(factory)} != "nicesrc") return;
  const GstPtr<GstPad> out{gst_element_get_static_pad(element, "src")};
  gst_pad_add_probe(out.get(), GST_PAD_PROBE_TYPE_BUFFER, on_packet, new Shared(of(held)), destroy);
}

struct Way {
  GstElement* webrtc;  ///< outlives its agent's signals
  Shared held;
};

/// On a thread of libnice's, which may be about to receive.
void on_selected(GObject*, guint, guint, gchar*, gchar*, gpointer data) {
  const auto& way = *static_cast<const Way*>(data);
  gst_element_call_async(
      way.webrtc, [](GstElement*, gpointer held) { of(held)->release(); }, new Shared(way.held),
      destroy);
}

}  // namespace

void hold_until_selected(GstElement* webrtc, GObject* agent) {
  const auto held = std::make_shared<Held>();
  g_signal_connect_data(
      webrtc, "deep-element-added", G_CALLBACK(on_element), new Shared(held),
      [](gpointer own, GClosure*) { destroy(own); }, GConnectFlags{});
  g_signal_connect_data(
      agent, "new-selected-pair", G_CALLBACK(on_selected), new Way{webrtc, held},
      [](gpointer own, GClosure*) { delete static_cast<Way*>(own); }, GConnectFlags{});
}

}  // namespace aerie::stream
