#include "guest/stream/recorder.hpp"

#include <gst/app/gstappsrc.h>
#include <utility>

namespace aerie::stream {
namespace {

constexpr std::chrono::milliseconds end_check_pause{100};

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::start(EventLoop& loop, const MediaClock& clock,
                                                  Codec codec, UniqueFd file,
                                                  std::uint64_t most_bytes, Events events) {
  const std::string parser = codec == Codec::h264 ? "h264parse ! " : "";
  // Without a clock: what comes is written when it comes.
  const auto description =
      "appsrc name=source is-live=true format=time max-bytes=0 ! " + parser +
      "matroskamux offset-to-zero=true ! fdsink name=sink sync=false async=false fd=" +
      std::to_string(file.get());
  auto pipeline = Pipeline::parse(description, clock);
  if (!pipeline) return tl::unexpected(pipeline.error());
  std::unique_ptr<Recorder> recorder{new Recorder(loop, codec, std::move(file), most_bytes,
                                                  std::move(events), std::move(*pipeline))};
  if (recorder->pipeline_.play()) return recorder;
  return tl::unexpected(Cause{
      CauseKind::plugin_missing, "The recording does not start.", "Look at the stream's log.", {}});
}

Recorder::Recorder(EventLoop& loop, Codec codec, UniqueFd file, std::uint64_t most_bytes,
                   Events events, Pipeline pipeline)
    : loop_(loop),
      codec_(codec),
      file_(std::move(file)),
      most_bytes_(most_bytes),
      events_(std::move(events)),
      pipeline_(std::move(pipeline)),
      feed_(std::make_shared<PeerFeed>(pipeline_.element("source"), nullptr,
                                       PeerFeed::Sizes::whole)) {
  pipeline_.on_error([this](const std::string& why) {
    has_failed_ = true;
    tell_full(why);
  });
  const auto source = pipeline_.element("source");
  const GstPtr<GstPad> units{gst_element_get_static_pad(source.get(), "src")};
  gst_pad_add_probe(
      units.get(),
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      on_unit, this, nullptr);
  const auto sink = pipeline_.element("sink");
  const GstPtr<GstPad> pad{gst_element_get_static_pad(sink.get(), "sink")};
  gst_pad_add_probe(
      pad.get(),
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST |
                                   GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      on_written, this, nullptr);
}

Recorder::~Recorder() {
  *alive_ = false;
  pipeline_.stop();
}

/// Matroska has one size a track: what comes after another is for the next file. On the pipeline's
/// thread.
GstPadProbeReturn Recorder::on_unit(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& recorder = *static_cast<Recorder*>(self);
  const bool is_caps = (info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) != 0 &&
                       GST_EVENT_TYPE(gst_pad_probe_info_get_event(info)) == GST_EVENT_CAPS;
  if (is_caps) recorder.has_other_size_ = std::exchange(recorder.has_size_, true);
  const bool is_unit = (info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0;
  return recorder.has_other_size_ && (is_caps || is_unit) ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

/// On the pipeline's thread, which ends before this object.
GstPadProbeReturn Recorder::on_written(GstPad*, GstPadProbeInfo* info, gpointer self) {
  auto& recorder = *static_cast<Recorder*>(self);
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    recorder.bytes_ += gst_buffer_get_size(gst_pad_probe_info_get_buffer(info));
  } else if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0) {
    recorder.bytes_ += gst_buffer_list_calculate_size(gst_pad_probe_info_get_buffer_list(info));
  } else if (GST_EVENT_TYPE(gst_pad_probe_info_get_event(info)) == GST_EVENT_EOS) {
    recorder.loop_.post([self = &recorder, alive = recorder.alive_] {
      if (*alive) self->tell_finished();
    });
  }
  if (recorder.bytes_ > recorder.most_bytes_) recorder.tell_full("it is as large as it may be");
  return GST_PAD_PROBE_OK;
}

/// From any thread.
void Recorder::tell_full(const std::string& why) {
  if (is_full_.exchange(true)) return;
  loop_.post([this, alive = alive_, why] {
    if (*alive) events_.full(why);
  });
}

void Recorder::tell_finished() {
  if (!std::exchange(is_finished_, true)) events_.finished();
}

void Recorder::finish() {
  const auto source = pipeline_.element("source");
  gst_app_src_end_of_stream(GST_APP_SRC(source.get()));
  // Of a pipeline that has failed, or that fails at its end because nothing ever came, no end
  // comes.
  end_check_ = loop_.after(end_check_pause, [this] { check_end(); });
}

void Recorder::check_end() {
  end_check_.cancel();
  if (has_failed_) return tell_finished();
  end_check_ = loop_.after(end_check_pause, [this] { check_end(); });
}

}  // namespace aerie::stream
