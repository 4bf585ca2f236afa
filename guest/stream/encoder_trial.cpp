#include "guest/stream/encoder_trial.hpp"

#include <condition_variable>
#include <mutex>

#include "guest/stream/encoder.hpp"
#include "guest/stream/picture.hpp"

namespace aerie::stream {
namespace {

/// Small, but larger than what some hardware refuses.
constexpr VideoFormat trial_format{640, 360, 30};

/// What the encoder's thread has told of its one picture.
class Outcome {
 public:
  /// Empty: a unit came.
  void tell(std::string failure) {
    {
      const std::scoped_lock lock{mutex_};
      if (!failure_) failure_ = std::move(failure);
    }
    told_.notify_all();
  }
  [[nodiscard]] std::optional<std::string> wait(std::chrono::milliseconds within) {
    std::unique_lock lock{mutex_};
    if (!told_.wait_for(lock, within, [this] { return failure_.has_value(); }))
      return "it encoded no picture within " + std::to_string(within.count()) + " ms";
    if (failure_->empty()) return std::nullopt;
    return failure_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  std::optional<std::string> failure_;
};

}  // namespace

std::optional<std::string> try_encoder(const EncoderKind& kind, std::chrono::milliseconds within) {
  const MediaClock clock;
  Outcome outcome;
  Picture picture{trial_format.width, trial_format.height, trial_format.fps};
  const auto encoder =
      Encoder::create(kind, trial_format, clock,
                      {.unit = [&](GstSample*) { outcome.tell({}); },
                       .failed = [&](const Cause& cause) { outcome.tell(cause.message); }});
  if (!encoder) return encoder.error().message;
  (*encoder)->push(picture.frame(clock.now()).get(), PictureUse::change);
  return outcome.wait(within);
}

}  // namespace aerie::stream
