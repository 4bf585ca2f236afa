#include "guest/stream/gst_promise.hpp"

namespace aerie::stream {

GstPtr<GstPromise> promise(Replied replied) {
  const auto change = [](GstPromise* self, gpointer data) {
    const bool done = gst_promise_wait(self) == GST_PROMISE_RESULT_REPLIED;
    (*static_cast<Replied*>(data))(done ? gst_promise_get_reply(self) : nullptr);
  };
  return GstPtr<GstPromise>{
      gst_promise_new_with_change_func(change, new Replied(std::move(replied)),
                                       [](gpointer data) { delete static_cast<Replied*>(data); })};
}

std::string error_of(const GstStructure* reply) {
  if (!reply || !gst_structure_has_field_typed(reply, "error", G_TYPE_ERROR)) return {};
  GError* error = nullptr;
  gst_structure_get(reply, "error", G_TYPE_ERROR, &error, nullptr);
  std::string text = error ? error->message : "unknown error";
  g_clear_error(&error);
  return text;
}

GstPtr<GstWebRTCSessionDescription> description_in(const GstStructure* reply, const char* name) {
  GstPtr<GstWebRTCSessionDescription> description;
  if (reply && gst_structure_has_field(reply, name))
    gst_structure_get(reply, name, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, description.out(), nullptr);
  return description;
}

}  // namespace aerie::stream
