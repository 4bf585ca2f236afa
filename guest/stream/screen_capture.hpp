#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "guest/stream/frame_pacer.hpp"
#include "guest/stream/gst_ptr.hpp"
#include "guest/stream/media_clock.hpp"
#include "guest/stream/picture.hpp"
#include "guest/stream/x_connection.hpp"
#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::stream {

class ScreenReader;

/// Pictures of the screen, in a thread of its own with its own X connection: driven by XDamage,
/// read through shared memory, paced by `FramePacer`. While it is not active, or while nothing
/// changes, the thread blocks without a timeout.
class ScreenCapture {
 public:
  /// All are called on the capture thread.
  struct Events {
    std::function<void(GstSample*, PictureUse)> frame;
    /// The screen has another size now, in pixels.
    std::function<void(int width, int height)> resized;
    /// Capture has ended for good.
    std::function<void(Cause)> failed;
  };

  [[nodiscard]] static Result<std::unique_ptr<ScreenCapture>> start(int frames_per_second,
                                                                    const MediaClock& clock,
                                                                    Events events);
  ScreenCapture(const ScreenCapture&) = delete;
  ScreenCapture& operator=(const ScreenCapture&) = delete;
  ~ScreenCapture();

  /// Ends the thread; after it no event comes, and orders do nothing.
  void stop();
  /// Starts or stops watching the screen; starting gives a whole picture at once.
  void set_active(bool active);
  /// Gives the present picture again, so that a key frame can be made of it.
  void request_frame();
  /// Has every frame from the next one on bear the mark of a recording, or none.
  void set_marked(bool is_marked);
  /// Says that the frame of that time came out of the encoders as good as it gets; where nothing
  /// has changed since, it is not repeated any more.
  void settled(GstClockTime timestamp);

 private:
  ScreenCapture(int frames_per_second, const MediaClock& clock, Events events,
                std::unique_ptr<ScreenReader> reader, UniqueFd wake);

  void run();
  /// Blocks until X, another thread or the pacer wants something; false: X is gone.
  [[nodiscard]] bool wait();
  void take_orders();
  enum class Step { idle, acted, lost };
  [[nodiscard]] Step act();
  void order(const std::function<void()>& change);

  const MediaClock& clock_;
  Events events_;
  UniqueFd wake_;
  FramePacer pacer_;
  std::unique_ptr<ScreenReader> reader_;
  bool active_ = false;
  bool marked_ = false;
  GstClockTime wanted_at_ = 0;  ///< frames from then on are what was asked for, or changed, last

  std::mutex mutex_;
  struct Orders {
    bool stop = false;
    bool active = false;
    bool frame = false;
    bool marked = false;
    std::optional<GstClockTime> settled;
  } orders_;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace aerie::stream
