#include "guest/stream/playout_delay_extension.hpp"

#include <algorithm>
#include <gst/rtp/rtp.h>

namespace {

constexpr gsize payload_bytes = 3;

struct AeriePlayoutDelay {
  GstRTPHeaderExtension parent;
};
struct AeriePlayoutDelayClass {
  GstRTPHeaderExtensionClass parent_class;
};

G_DEFINE_TYPE(AeriePlayoutDelay, aerie_playout_delay, GST_TYPE_RTP_HEADER_EXTENSION)

GstRTPHeaderExtensionFlags supported_flags(GstRTPHeaderExtension*) {
  return static_cast<GstRTPHeaderExtensionFlags>(GST_RTP_HEADER_EXTENSION_ONE_BYTE |
                                                 GST_RTP_HEADER_EXTENSION_TWO_BYTE);
}

gsize max_size(GstRTPHeaderExtension*, const GstBuffer*) {
  return payload_bytes;
}

gssize write_delay(GstRTPHeaderExtension*, const GstBuffer*, GstRTPHeaderExtensionFlags, GstBuffer*,
                   guint8* data, gsize size) {
  if (size < payload_bytes) return -1;
  std::fill_n(data, payload_bytes, guint8{0});
  return payload_bytes;
}

gboolean read_delay(GstRTPHeaderExtension*, GstRTPHeaderExtensionFlags, const guint8*, gsize,
                    GstBuffer*) {
  return TRUE;
}

gboolean caps_from_attributes(GstRTPHeaderExtension* extension, GstCaps* caps) {
  return gst_rtp_header_extension_set_caps_from_attributes_helper(extension, caps, nullptr);
}

void aerie_playout_delay_class_init(AeriePlayoutDelayClass* type) {
  auto* extension = GST_RTP_HEADER_EXTENSION_CLASS(type);
  extension->get_supported_flags = supported_flags;
  extension->get_max_size = max_size;
  extension->write = write_delay;
  extension->read = read_delay;
  extension->set_caps_from_attributes = caps_from_attributes;
  gst_rtp_header_extension_class_set_uri(extension, aerie::stream::playout_delay_uri);
  gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(type), "Playout delay",
                                        GST_RTP_HDREXT_ELEMENT_CLASS,
                                        "Asks the receiver to play at once", "Aerie");
}

void aerie_playout_delay_init(AeriePlayoutDelay*) {}

}  // namespace

namespace aerie::stream {
namespace {

GstPtr<GstElement> finish(GstElement* floating, unsigned id) {
  auto element = GstPtr<GstElement>::sink(floating);
  if (element) gst_rtp_header_extension_set_id(GST_RTP_HEADER_EXTENSION(element.get()), id);
  return element;
}

}  // namespace

GstPtr<GstElement> make_playout_delay_extension(unsigned id) {
  return finish(GST_ELEMENT(g_object_new(aerie_playout_delay_get_type(), nullptr)), id);
}

GstPtr<GstElement> make_transport_cc_extension(unsigned id) {
  return finish(gst_element_factory_make("rtphdrexttwcc", nullptr), id);
}

}  // namespace aerie::stream
