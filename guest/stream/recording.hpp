#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "guest/stream/fan_out.hpp"
#include "guest/stream/files/file_desk.hpp"
#include "guest/stream/recorder.hpp"
#include "guest/stream/screen_capture.hpp"
#include "guest/stream/viewer_messages.hpp"

namespace aerie::stream {

/// The recording of a session's screen into the guest's folder of downloads, where it lies with the
/// other files. While it goes on every picture that leaves the guest bears a mark, drawn by the
/// capture, so nobody who watches by whatever player can miss it: it is drawn before the first
/// picture is asked for and goes after the last is written. Another size of the display begins
/// another file. Lives on the loop's thread.
class Recording {
 public:
  struct Outside {
    EventLoop& loop;
    const MediaClock& clock;
    FanOut& fan_out;
    ScreenCapture& capture;
    FileDesk& files;
    /// It began or ended; viewers are to know. `problem`: why it ended by itself, else empty.
    std::function<void(bool on, const std::string& problem)> told;
  };

  /// `codec`: whose access units are taken. `most_bytes`: of a file.
  Recording(Outside outside, Codec codec, std::uint64_t most_bytes);

  void start();
  void stop() { end({}); }
  /// The display has another size.
  void next_file();
  /// Nothing more comes of this codec's encoder.
  void encoder_failed(Codec codec, const std::string& why);
  [[nodiscard]] bool is_on() const { return is_on_; }

 private:
  void begin_file();
  void write_into(FileFault fault, UniqueFd file);
  void end(const std::string& problem);
  void end_file();
  void finished();
  void named(FileFault fault);
  void done(std::string problem);

  Outside outside_;
  Codec codec_;
  std::uint64_t most_bytes_;
  bool is_on_ = false;
  bool goes_on_ = false;  ///< with another file, once this one is complete
  std::string problem_;
  Folder::Ticket ticket_ = 0;
  std::unique_ptr<Recorder> recorder_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace aerie::stream
