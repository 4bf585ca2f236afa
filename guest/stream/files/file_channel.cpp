#include "guest/stream/files/file_channel.hpp"

namespace aerie::stream {
namespace {

using Weak = std::weak_ptr<FileChannel>;

constexpr std::size_t weight_of_one = 256;  // of a message beyond its bytes
constexpr std::size_t most_unread = 1024 * 1024;

std::shared_ptr<FileChannel> lock(gpointer data) {
  return static_cast<Weak*>(data)->lock();
}

void destroy_weak(gpointer data, GClosure*) {
  delete static_cast<Weak*>(data);
}

}  // namespace

std::shared_ptr<FileChannel> FileChannel::create(EventLoop& loop, GstElement* webrtc) {
  std::shared_ptr<FileChannel> channel{new FileChannel(loop)};
  g_signal_emit_by_name(webrtc, "create-data-channel", "files", nullptr, channel->channel_.out());
  if (!channel->channel_) return nullptr;
  const auto connect = [&](const char* signal, GCallback callback) {
    g_signal_connect_data(channel->channel_.get(), signal, callback, new Weak(channel),
                          destroy_weak, GConnectFlags{});
  };
  connect("on-open", G_CALLBACK(on_open));
  connect("on-message-string", G_CALLBACK(on_text));
  connect("on-message-data", G_CALLBACK(on_bytes));
  return channel;
}

void FileChannel::on_open(GstWebRTCDataChannel*, gpointer self) {
  const auto channel = lock(self);
  if (!channel) return;
  channel->loop_.post([channel] {
    if (channel->events_.opened) channel->events_.opened();
  });
}

void FileChannel::on_text(GstWebRTCDataChannel*, gchar* text, gpointer self) {
  if (const auto channel = lock(self)) channel->arrived(text ? text : "", true);
}

void FileChannel::on_bytes(GstWebRTCDataChannel*, GBytes* bytes, gpointer self) {
  const auto channel = lock(self);
  if (!channel || !bytes) return;
  gsize size = 0;
  const auto* data = static_cast<const char*>(g_bytes_get_data(bytes, &size));
  channel->arrived({data, size}, false);
}

/// On webrtcbin's thread.
void FileChannel::arrived(std::string message, bool is_text) {
  const auto weight = message.size() + weight_of_one;
  if (waiting_ + weight > most_waiting) {
    if (is_flooded_.exchange(true)) return;
    loop_.post([self = shared_from_this()] {
      self->is_flooded_ = false;
      if (self->events_.flooded) self->events_.flooded();
    });
    return;
  }
  waiting_ += weight;
  loop_.post([self = shared_from_this(), message = std::move(message), is_text, weight] {
    self->waiting_ -= weight;
    const auto& tell = is_text ? self->events_.text : self->events_.bytes;
    if (tell) tell(message);
  });
}

bool FileChannel::is_open() const {
  GstWebRTCDataChannelState state{};
  g_object_get(channel_.get(), "ready-state", &state, nullptr);
  return state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN;
}

void FileChannel::say(const Json& message) {
  // Who does not read is told nothing more; its transfers wait, or end by their own bounds.
  if (!is_open() || buffered() > most_unread) return;
  const auto text = message.dump(-1, ' ', false, Json::error_handler_t::replace);
  gst_webrtc_data_channel_send_string(channel_.get(), text.c_str());
}

void FileChannel::send(const std::string& bytes) {
  if (!is_open()) return;
  GBytes* copy = g_bytes_new(bytes.data(), bytes.size());
  gst_webrtc_data_channel_send_data(channel_.get(), copy);
  g_bytes_unref(copy);
}

std::size_t FileChannel::buffered() const {
  guint64 amount = 0;
  g_object_get(channel_.get(), "buffered-amount", &amount, nullptr);
  return static_cast<std::size_t>(amount);
}

}  // namespace aerie::stream
