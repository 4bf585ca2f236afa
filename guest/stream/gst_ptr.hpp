#pragma once

#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>
#include <string>
#include <utility>

namespace aerie::stream {

/// How a GLib or GStreamer type is taken and given back; objects unless said otherwise below.
template <class T>
struct GstTraits {
  static T* take(T* object) { return static_cast<T*>(gst_object_ref(object)); }
  static void give_back(T* object) { gst_object_unref(object); }
};

template <class T>
struct GstMiniTraits {
  static T* take(T* object) {
    return reinterpret_cast<T*>(gst_mini_object_ref(reinterpret_cast<GstMiniObject*>(object)));
  }
  static void give_back(T* object) {
    gst_mini_object_unref(reinterpret_cast<GstMiniObject*>(object));
  }
};
template <>
struct GstTraits<GstBuffer> : GstMiniTraits<GstBuffer> {};
template <>
struct GstTraits<GstCaps> : GstMiniTraits<GstCaps> {};
template <>
struct GstTraits<GstSample> : GstMiniTraits<GstSample> {};
template <>
struct GstTraits<GstPromise> : GstMiniTraits<GstPromise> {};

template <class T>
struct GObjectTraits {
  static T* take(T* object) { return static_cast<T*>(g_object_ref(object)); }
  static void give_back(T* object) { g_object_unref(object); }
};
template <>
struct GstTraits<GObject> : GObjectTraits<GObject> {};
template <>
struct GstTraits<GstWebRTCDataChannel> : GObjectTraits<GstWebRTCDataChannel> {};

template <>
struct GstTraits<GstWebRTCSessionDescription> {
  static void give_back(GstWebRTCSessionDescription* sdp) {
    gst_webrtc_session_description_free(sdp);
  }
};
template <>
struct GstTraits<GstSDPMessage> {
  static void give_back(GstSDPMessage* sdp) { gst_sdp_message_free(sdp); }
};
template <>
struct GstTraits<gchar> {
  static void give_back(gchar* text) { g_free(text); }
};

/// Owns one reference to a GStreamer or GLib thing.
template <class T>
class GstPtr {
 public:
  GstPtr() = default;
  /// Takes over a reference that the caller owns.
  explicit GstPtr(T* owned) : object_(owned) {}
  GstPtr(const GstPtr& other)
      : object_(other.object_ ? GstTraits<T>::take(other.object_) : nullptr) {}
  GstPtr(GstPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  GstPtr& operator=(GstPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~GstPtr() {
    if (object_) GstTraits<T>::give_back(object_);
  }

  /// Adds a reference to something that somebody else owns.
  [[nodiscard]] static GstPtr borrow(T* borrowed) {
    return GstPtr{borrowed ? GstTraits<T>::take(borrowed) : nullptr};
  }
  /// Takes the floating reference of a fresh element.
  [[nodiscard]] static GstPtr sink(T* floating) {
    if (floating) gst_object_ref_sink(floating);
    return GstPtr{floating};
  }

  [[nodiscard]] T* get() const { return object_; }
  [[nodiscard]] T* release() { return std::exchange(object_, nullptr); }
  /// For functions that hand out a reference through a pointer argument.
  [[nodiscard]] T** out() {
    *this = GstPtr{};
    return &object_;
  }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

/// An element of a pipeline by its name, with a reference of its own; empty if there is none.
[[nodiscard]] inline GstPtr<GstElement> element_of(GstElement* bin, const char* name) {
  return GstPtr<GstElement>{gst_bin_get_by_name(GST_BIN(bin), name)};
}

}  // namespace aerie::stream
