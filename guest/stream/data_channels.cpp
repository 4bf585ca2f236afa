#include "guest/stream/data_channels.hpp"

namespace aerie::stream {
namespace {

constexpr std::chrono::milliseconds refusal_pause{250};
constexpr guint64 most_buffered = 1024 * 1024;

using Weak = std::weak_ptr<DataChannels>;

void destroy_weak(gpointer data, GClosure*) {
  delete static_cast<Weak*>(data);
}

std::shared_ptr<DataChannels> lock(gpointer data) {
  return static_cast<Weak*>(data)->lock();
}

GstPtr<GstWebRTCDataChannel> make_channel(GstElement* webrtc, const char* name,
                                          GstStructure* options) {
  GstPtr<GstWebRTCDataChannel> channel;
  g_signal_emit_by_name(webrtc, "create-data-channel", name, options, channel.out());
  gst_structure_free(options);
  return channel;
}

}  // namespace

std::shared_ptr<DataChannels> DataChannels::create(EventLoop& loop, GstElement* webrtc,
                                                   Events events) {
  std::shared_ptr<DataChannels> channels{new DataChannels(loop, std::move(events))};
  if (!channels->open(webrtc)) return nullptr;
  return channels;
}

bool DataChannels::open(GstElement* webrtc) {
  input_ = make_channel(webrtc, "input",
                        gst_structure_new("options", "ordered", G_TYPE_BOOLEAN, TRUE, nullptr));
  pointer_ = make_channel(webrtc, "pointer",
                          gst_structure_new("options", "ordered", G_TYPE_BOOLEAN, FALSE,
                                            "max-retransmits", G_TYPE_INT, 0, nullptr));
  if (!input_ || !pointer_) return false;
  listen(input_.get());
  listen(pointer_.get());
  const auto connect = [&](const char* signal, GCallback callback) {
    g_signal_connect_data(input_.get(), signal, callback, new Weak(weak_from_this()), destroy_weak,
                          GConnectFlags{});
  };
  connect("on-open", G_CALLBACK(on_open));
  connect("on-close", G_CALLBACK(on_close));
  return true;
}

void DataChannels::listen(GstWebRTCDataChannel* channel) {
  g_signal_connect_data(channel, "on-message-string", G_CALLBACK(on_text),
                        new Weak(weak_from_this()), destroy_weak, GConnectFlags{});
  g_signal_connect_data(channel, "on-message-data", G_CALLBACK(on_bytes),
                        new Weak(weak_from_this()), destroy_weak, GConnectFlags{});
}

void DataChannels::on_text(GstWebRTCDataChannel*, gchar* text, gpointer self) {
  const auto channels = lock(self);
  if (channels) channels->arrived(text ? text : "");
}

void DataChannels::on_bytes(GstWebRTCDataChannel*, GBytes*, gpointer self) {
  if (const auto channels = lock(self)) channels->refuse({"bad-json"});
}

void DataChannels::on_open(GstWebRTCDataChannel*, gpointer self) {
  const auto channels = lock(self);
  if (!channels) return;
  channels->loop_.post([channels] {
    if (!channels->detached_) channels->events_.opened();
  });
}

void DataChannels::on_close(GstWebRTCDataChannel*, gpointer self) {
  const auto channels = lock(self);
  if (!channels) return;
  channels->loop_.post([channels] {
    if (!channels->detached_) channels->events_.closed();
  });
}

bool DataChannels::is_allowed() {
  const std::scoped_lock guard{mutex_};
  return bucket_.take(std::chrono::steady_clock::now());
}

void DataChannels::arrived(std::string_view bytes) {
  if (!is_allowed()) return refuse({"rate-limited"});
  auto message = parse_viewer_message(bytes);
  if (!message) return refuse(message.error());
  loop_.post([self = shared_from_this(), parsed = std::move(*message)]() mutable {
    if (!self->detached_) self->events_.message(std::move(parsed));
  });
}

void DataChannels::refuse(const Refusal& refusal) {
  const std::scoped_lock guard{mutex_};
  ++refusals_[{refusal.reason, refusal.field}];
  if (flush_posted_) return;
  flush_posted_ = true;
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->flush_refusals();
  });
}

void DataChannels::flush_refusals() {
  if (detached_) return;
  decltype(refusals_) refusals;
  {
    const std::scoped_lock guard{mutex_};
    std::swap(refusals, refusals_);
    if (refusals.empty()) flush_posted_ = false;
  }
  if (refusals.empty()) return;
  for (const auto& [what, count] : refusals) {
    Json message{{"type", "refused"}, {"reason", what.first}, {"count", count}};
    if (!what.second.empty()) message["field"] = what.second;
    send(message);
  }
  // `flush_posted_` stays set through the pause: refusals gather and go out together at its end.
  refusal_pause_ = loop_.after(refusal_pause, [this] { flush_refusals(); });
}

void DataChannels::send(const Json& message) {
  GstWebRTCDataChannelState state{};
  guint64 buffered = 0;
  g_object_get(input_.get(), "ready-state", &state, "buffered-amount", &buffered, nullptr);
  if (state != GST_WEBRTC_DATA_CHANNEL_STATE_OPEN || buffered > most_buffered) return;
  const auto text = message.dump(-1, ' ', false, Json::error_handler_t::replace);
  gst_webrtc_data_channel_send_string(input_.get(), text.c_str());
}

void DataChannels::detach() {
  detached_ = true;
  refusal_pause_.cancel();
}

}  // namespace aerie::stream
