#include "guest/stream/recording.hpp"

#include <utility>

#include "guest/stream/log.hpp"
#include "messages/time.hpp"

namespace aerie::stream {
namespace {

const std::string stopped = "stopped";  // by who is in control: no problem

/// `recording-20261128T100512Z.mkv`: no character that a file system minds.
std::string name_now() {
  std::string name = "recording-";
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  for (const char character : to_rfc3339(Instant{now}).substr(0, 19))
    if (character != '-' && character != ':') name += character;
  return name.append("Z.mkv");
}

}  // namespace

Recording::Recording(Outside outside, Codec codec, std::uint64_t most_bytes)
    : outside_(std::move(outside)), codec_(codec), most_bytes_(most_bytes) {}

void Recording::start() {
  if (std::exchange(is_on_, true)) return;
  outside_.capture.set_marked(true);
  outside_.told(true, {});
  begin_file();
}

void Recording::begin_file() {
  ticket_ = outside_.files.new_ticket();
  outside_.files.folder().record(
      ticket_, [this, weak = std::weak_ptr<bool>{alive_}](FileFault fault, UniqueFd file) {
        if (!weak.expired()) write_into(fault, std::move(file));
      });
}

void Recording::write_into(FileFault fault, UniqueFd file) {
  if (!fault.empty()) return done(std::string{fault});
  if (!problem_.empty()) {  // it was ended meanwhile
    outside_.files.folder().discard(ticket_);
    return done(problem_);
  }
  auto recorder = Recorder::start(
      outside_.loop, outside_.clock, codec_, std::move(file), most_bytes_,
      {.full = [this](const std::string& why) { end(why); }, .finished = [this] { finished(); }});
  if (!recorder) {
    outside_.files.folder().discard(ticket_);
    return done(recorder.error().message);
  }
  recorder_ = std::move(*recorder);
  if (const auto cause = outside_.fan_out.add(codec_, recorder_->feed()))
    return end(cause->message);
  outside_.capture.set_active(true);
}

void Recording::next_file() {
  if (!recorder_ || goes_on_) return;
  goes_on_ = true;
  end_file();
}

void Recording::encoder_failed(Codec codec, const std::string& why) {
  if (codec == codec_) end(why);
}

void Recording::end(const std::string& problem) {
  if (!is_on_) return;
  goes_on_ = false;
  if (problem_.empty()) problem_ = problem.empty() ? stopped : problem;
  if (recorder_) end_file();
}

void Recording::end_file() {
  outside_.fan_out.remove(codec_, recorder_->feed());
  if (outside_.fan_out.encoders() == 0) outside_.capture.set_active(false);
  recorder_->finish();
}

void Recording::finished() {
  recorder_.reset();
  outside_.files.folder().finish(
      ticket_, name_now(),
      [this, weak = std::weak_ptr<bool>{alive_}](FileFault fault, const std::string& name) {
        log_line(fault.empty() ? "recorded " + name
                               : "a recording was lost: " + std::string{fault});
        if (!weak.expired()) named(fault);
      });
}

/// It lies where viewers find it, or never will.
void Recording::named(FileFault fault) {
  if (!fault.empty()) {
    outside_.files.folder().discard(ticket_);
    return done(std::string{fault});
  }
  if (!std::exchange(goes_on_, false)) return done(problem_);
  begin_file();
}

void Recording::done(std::string problem) {
  recorder_.reset();
  is_on_ = goes_on_ = false;
  problem_.clear();
  outside_.capture.set_marked(false);
  if (problem == stopped) problem.clear();
  outside_.told(false, problem);
}

}  // namespace aerie::stream
