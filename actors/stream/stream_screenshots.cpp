#include <utility>

#include "actors/stream/stream.hpp"

// Pictures of the guest's display for whoever asks, taken by the streamer; whether somebody watches
// does not matter. The streamer sends a part for each that it is asked for, so no link is flooded.

namespace aerie {
namespace {

constexpr Duration within{10'000};
constexpr Duration least_pause{200};  ///< between two pictures of a session
constexpr std::size_t most_waiting = 16;

ScreenshotTaken refused(const char* code, std::string message) {
  return {nullptr, signaling::Refusal{code, std::move(message), ""}};
}

}  // namespace

caf::result<ScreenshotTaken> Stream::take_screenshot() {
  if (status_.state != StreamState::up)
    return refused("stream-not-up", "The session's stream is " +
                                        std::string{to_string(status_.state)} +
                                        "; ask again when it is up.");
  const bool is_soon = screenshot_at_ && monotonic() - *screenshot_at_ < least_pause;
  const bool is_under_way = !screenshot_waiters_.empty();
  if (screenshot_waiters_.size() >= most_waiting || (is_soon && !is_under_way))
    return refused("rate-limited", "A picture was taken just now; ask again in a moment.");
  auto promise = make_response_promise<ScreenshotTaken>();
  screenshot_waiters_.push_back(promise);
  if (!is_under_way) {
    screenshot_at_ = monotonic();
    screenshot_ = PngParts{};
    ++screenshot_number_;
    ask_for_part();
    send_later(within, ScreenshotDeadline{screenshot_number_});
  }
  return promise;
}

void Stream::ask_for_part() {
  tell_streamer({{"type", "screenshot"}, {"id", screenshot_number_}, {"part", screenshot_.next()}});
}

void Stream::on_screenshot(const Json& body) {
  const auto id = body.find("id");
  if (screenshot_waiters_.empty() || id == body.end() || *id != screenshot_number_) return;
  if (body.contains("error"))
    return end_screenshot(refused("unavailable", "The guest could not take a picture."));
  if (const auto wrong = screenshot_.add(body))
    return end_screenshot(
        refused("unavailable", "The guest's picture is of no use: " + *wrong + "."));
  if (!screenshot_.is_complete()) return ask_for_part();
  end_screenshot({std::make_shared<const std::string>(screenshot_.take()), std::nullopt});
}

void Stream::on_screenshot_deadline(std::uint64_t number) {
  if (number == screenshot_number_ && !screenshot_waiters_.empty())
    end_screenshot(refused("unavailable", "The guest took no picture in time."));
}

void Stream::end_screenshot(const ScreenshotTaken& taken) {
  screenshot_ = PngParts{};
  for (auto& waiter : std::exchange(screenshot_waiters_, {}))
    waiter.deliver(taken);
}

void Stream::lose_screenshot() {
  if (!screenshot_waiters_.empty())
    end_screenshot(refused("stream-not-up", "The streamer ended meanwhile; ask again."));
}

}  // namespace aerie
