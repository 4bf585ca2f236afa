#include "guest/stream/pipeline.hpp"

#include <array>

namespace aerie::stream {
namespace {

/// An element and the Debian package that brings it.
struct Needed {
  const char* element;
  const char* package;
};

constexpr std::array common_elements{
    Needed{"appsrc", "gstreamer1.0-plugins-base"},   Needed{"appsink", "gstreamer1.0-plugins-base"},
    Needed{"nicesrc", "gstreamer1.0-nice"},          Needed{"nicesink", "gstreamer1.0-nice"},
    Needed{"webrtcbin", "gstreamer1.0-plugins-bad"}, Needed{"dtlsdec", "gstreamer1.0-plugins-bad"},
    Needed{"srtpenc", "gstreamer1.0-plugins-bad"},   Needed{"sctpenc", "gstreamer1.0-plugins-bad"},
    Needed{"rtpbin", "gstreamer1.0-plugins-good"},
};
constexpr std::array h264_elements{Needed{"x264enc", "gstreamer1.0-plugins-ugly"},
                                   Needed{"rtph264pay", "gstreamer1.0-plugins-good"}};
constexpr std::array vp8_elements{Needed{"vp8enc", "gstreamer1.0-plugins-good"},
                                  Needed{"rtpvp8pay", "gstreamer1.0-plugins-good"}};
constexpr std::array vp9_elements{Needed{"vp9enc", "gstreamer1.0-plugins-good"},
                                  Needed{"rtpvp9pay", "gstreamer1.0-plugins-good"}};
constexpr std::array audio_elements{Needed{"opusenc", "gstreamer1.0-plugins-base"},
                                    Needed{"rtpopuspay", "gstreamer1.0-plugins-good"}};

bool exists(const char* element) {
  return bool{GstPtr<GstElementFactory>{gst_element_factory_find(element)}};
}

Cause missing(const std::string& element, const std::string& package) {
  return {CauseKind::plugin_missing,
          "The media element " + element + " is not installed.",
          "Install the Debian package " + package + " in the guest.",
          {}};
}

template <class Table>
std::optional<Cause> first_missing(const Table& table) {
  for (const auto& needed : table)
    if (!exists(needed.element)) return missing(needed.element, needed.package);
  return std::nullopt;
}

GstBusSyncReply pass_error(GstBus*, GstMessage* message, gpointer data) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError* error = nullptr;
    gst_message_parse_error(message, &error, nullptr);
    const GstPtr<gchar> source{gst_object_get_name(GST_MESSAGE_SRC(message))};
    (*static_cast<Pipeline::Failed*>(data))(std::string{source.get()} + ": " + error->message);
    g_error_free(error);
  }
  gst_message_unref(message);
  return GST_BUS_DROP;
}

GstBusSyncReply drop(GstBus*, GstMessage* message, gpointer) {
  gst_message_unref(message);
  return GST_BUS_DROP;
}

void destroy_failed(gpointer data) {
  delete static_cast<Pipeline::Failed*>(data);
}

}  // namespace

Result<Pipeline> Pipeline::parse(const std::string& description, const MediaClock& clock) {
  GError* error = nullptr;
  auto pipeline = GstPtr<GstElement>::sink(
      gst_parse_launch_full(description.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &error));
  if (error || !pipeline) {
    const std::string why = error ? error->message : "unknown error";
    if (error) g_error_free(error);
    return tl::unexpected(Cause{CauseKind::plugin_missing,
                                "GStreamer refused a pipeline of the stream: " + why + ".",
                                "Install the GStreamer packages that the doctor names.",
                                {description}});
  }
  if (!GST_IS_PIPELINE(pipeline.get())) {  // a description of one element gives just that
    auto whole = GstPtr<GstElement>::sink(gst_pipeline_new(nullptr));
    gst_bin_add(GST_BIN(whole.get()), pipeline.get());
    pipeline = std::move(whole);
  }
  clock.drive(pipeline.get());
  const GstPtr<GstBus> bus{gst_element_get_bus(pipeline.get())};
  gst_bus_set_sync_handler(bus.get(), drop, nullptr, nullptr);
  return Pipeline{std::move(pipeline)};
}

Pipeline::~Pipeline() {
  if (pipeline_) stop();
}

void Pipeline::on_error(Failed failed) {
  const GstPtr<GstBus> bus{gst_element_get_bus(get())};
  gst_bus_set_sync_handler(bus.get(), nullptr, nullptr, nullptr);
  gst_bus_set_sync_handler(bus.get(), pass_error, new Failed(std::move(failed)), destroy_failed);
}

bool Pipeline::play() {
  return gst_element_set_state(get(), GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
}

void Pipeline::stop() {
  gst_element_set_state(get(), GST_STATE_NULL);
}

std::optional<Cause> missing_element(const std::vector<Codec>& codecs) {
  if (auto cause = first_missing(common_elements)) return cause;
  for (const auto codec : codecs) {
    const auto& elements = codec == Codec::h264  ? h264_elements
                           : codec == Codec::vp8 ? vp8_elements
                                                 : vp9_elements;
    if (auto cause = first_missing(elements)) return cause;
  }
  return std::nullopt;
}

std::optional<Cause> missing_audio_element() {
  return first_missing(audio_elements);
}

Json element_list() {
  auto list = Json::array();
  const auto add = [&list](const auto& elements) {
    for (const auto& [element, package] : elements)
      list.push_back({{"element", element}, {"package", package}, {"found", exists(element)}});
  };
  add(common_elements);
  add(h264_elements);
  add(vp8_elements);
  add(vp9_elements);
  add(audio_elements);
  return list;
}

}  // namespace aerie::stream
