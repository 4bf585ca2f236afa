#pragma once

#include <functional>
#include <string>

#include "guest/stream/control_messages.hpp"
#include "guest/stream/gst_ptr.hpp"
#include "guest/stream/media_clock.hpp"
#include "messages/cause.hpp"

namespace aerie::stream {

/// Owns a pipeline: stopped and freed at the end. Its bus never queues (an unread bus keeps
/// descriptors and threads of removed elements alive); errors go to a function, on the thread that
/// raised them.
class Pipeline {
 public:
  using Failed = std::function<void(std::string)>;

  /// Builds from gst_parse_launch's notation; `plugin_missing` names the element that is missing.
  [[nodiscard]] static Result<Pipeline> parse(const std::string& description,
                                              const MediaClock& clock);
  Pipeline(Pipeline&&) = default;
  Pipeline& operator=(Pipeline&&) = delete;
  ~Pipeline();

  [[nodiscard]] GstElement* get() const { return pipeline_.get(); }
  [[nodiscard]] GstPtr<GstElement> element(const char* name) const {
    return element_of(pipeline_.get(), name);
  }
  /// Where errors go from now on.
  void on_error(Failed failed);
  /// False when an element refuses.
  [[nodiscard]] bool play();
  void stop();

 private:
  explicit Pipeline(GstPtr<GstElement> pipeline) : pipeline_(std::move(pipeline)) {}

  GstPtr<GstElement> pipeline_;
};

/// `plugin_missing` for the first of the elements that the streamer needs for `codecs` and that is
/// not installed, its Debian package in the remedy; empty when all are there.
[[nodiscard]] std::optional<Cause> missing_element(const std::vector<Codec>& codecs);

/// The same for what sound needs, which is no reason to do without pictures.
[[nodiscard]] std::optional<Cause> missing_audio_element();

/// Every element that the streamer can need: `[{element, package, found}]`, for `--check`.
[[nodiscard]] Json element_list();

}  // namespace aerie::stream
