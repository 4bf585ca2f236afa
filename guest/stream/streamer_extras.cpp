#include <cstdlib>

#include "guest/stream/log.hpp"
#include "guest/stream/streamer.hpp"

// What the streamer does beside the stream itself: the display's size, files, pictures.

namespace aerie::stream {

/// Encoders take the new size from the pictures; how much may be sent follows here.
void Streamer::follow_size(int width, int height) {
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

void Streamer::handle(const AskScreenshot& asked) {
  screenshots_.ask(asked);
}

}  // namespace aerie::stream
