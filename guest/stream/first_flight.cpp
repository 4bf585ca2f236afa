#include "guest/stream/first_flight.hpp"

#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace aerie::stream {
namespace {

constexpr std::size_t most_packets = 16;

struct Packet {
  GstPtr<GstPad> from;
  GstPtr<GstBuffer> bytes;
};
using Packets = std::vector<Packet>;

/// What waits, and whether it still has to. Shared by handlers on several threads.
class Held {
 public:
  /// Called on the receiving thread, which also receives checks and must not be blocked.
  GstPadProbeReturn take(GstPad* pad, GstBuffer* bytes) {
    const std::lock_guard lock(mutex_);
    if (is_selected_) return GST_PAD_PROBE_REMOVE;
    if (packets_.size() < most_packets)
      packets_.push_back({GstPtr<GstPad>::borrow(pad), GstPtr<GstBuffer>::borrow(bytes)});
    return GST_PAD_PROBE_DROP;
  }

  /// Nothing is held from now on.
  Packets release() {
    const std::lock_guard lock(mutex_);
    is_selected_ = true;
    return std::exchange(packets_, {});
  }

 private:
  std::mutex mutex_;
  bool is_selected_ = false;
  Packets packets_;
};

/// Lets packets go on, beside the receiving thread: the pad behind takes one at a time.
gpointer push(gpointer data) {
  const std::unique_ptr<Packets> packets{static_cast<Packets*>(data)};
  for (auto& [from, bytes] : *packets)
    gst_pad_push(from.get(), bytes.release());
  return nullptr;
}

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

/// On a thread of libnice's, maybe the receiving one.
void on_selected(GObject*, guint, guint, gchar*, gchar*, gpointer held) {
  auto packets = of(held)->release();
  if (packets.empty()) return;
  auto owned = std::make_unique<Packets>(std::move(packets));
  // Without a thread they are lost, as packets may be: the viewer sends them again.
  if (auto* const thread = g_thread_try_new("first-flight", push, owned.get(), nullptr)) {
    (void)owned.release();
    g_thread_unref(thread);
  }
}

void connect(gpointer object, const char* signal, GCallback callback, const Shared& held) {
  g_signal_connect_data(
      object, signal, callback, new Shared(held), [](gpointer own, GClosure*) { destroy(own); },
      GConnectFlags{});
}

}  // namespace

void hold_until_selected(GstElement* webrtc, GObject* agent) {
  const auto held = std::make_shared<Held>();
  connect(webrtc, "deep-element-added", G_CALLBACK(on_element), held);
  connect(agent, "new-selected-pair", G_CALLBACK(on_selected), held);
}

}  // namespace aerie::stream
