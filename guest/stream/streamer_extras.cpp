#include <cstdlib>

#include "guest/stream/log.hpp"
#include "guest/stream/streamer.hpp"

// What the streamer does beside the stream itself: the display's size, files, pictures.

namespace aerie::stream {

/// Encoders take the new size from the pictures; how much may be sent follows here.
void Streamer::follow_size(int width, int height) {
  if (recording_) recording_->next_file();
  configuration_->width = width;
  configuration_->height = height;
  const VideoFormat format{width, height, configuration_->fps};
  fan_out_->set_format(format);
  for (auto& [epoch, viewer] : peers_)
    viewer.peer->set_most_bitrate(bitrate_of(format));
  plan_rates();
}

void Streamer::open_files() {
  const char* home = std::getenv("HOME");
  if (configuration_->file_bytes == 0) return;
  if (!home || *home != '/') {
    configuration_->file_bytes = 0;
    return log_line("no HOME: files can't be carried");
  }
  files_ = std::make_unique<FileDesk>(loop_, home,
                                      static_cast<std::uint64_t>(configuration_->file_bytes),
                                      [this](Epoch epoch) { return network_of(epoch); });
}

/// Of a viewer without feedback nothing is known: its files go as if all were well.
FilePace::Network Streamer::network_of(Epoch epoch) const {
  FilePace::Network network;
  const auto found = peers_.find(epoch);
  const auto control = found == peers_.end() ? nullptr : found->second.peer->send_control();
  if (!control) return network;
  const auto figures = control->figures();
  network.target = figures.target;
  network.most = bitrate_of({configuration_->width, configuration_->height, configuration_->fps});
  network.loss = figures.loss;
  network.waiting = control->feed()->waiting();
  return network;
}

void Streamer::make_recording() {
  if (!files_) return;
  recording_ = std::make_unique<Recording>(
      Recording::Outside{
          loop_, clock_, *fan_out_, *capture_, *files_,
          [this](bool on, const std::string& problem) { tell_recording(on, problem); }},
      configuration_->codecs.front(), static_cast<std::uint64_t>(configuration_->file_bytes));
}

void Streamer::record(DataChannels& asker, const RecordRequest& request) {
  if (!recording_) return asker.refuse({"unsupported"});
  request.on ? recording_->start() : recording_->stop();
}

void Streamer::tell_recording(bool on, const std::string& problem) {
  if (!problem.empty()) log_line("the recording ended: " + problem);
  Json message{{"type", "recording"}, {"on", on}};
  if (!problem.empty()) message["problem"] = problem;
  for (const auto& [epoch, viewer] : peers_)
    if (auto* channels = viewer.peer->channels()) channels->send(message);
}

void Streamer::handle(const AskScreenshot& asked) {
  screenshots_.ask(asked);
}

}  // namespace aerie::stream
