#include "guest/stream/screen_capture.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <poll.h>
#include <sys/eventfd.h>

#include "guest/stream/screen_reader.hpp"

namespace aerie::stream {

Result<std::unique_ptr<ScreenCapture>> ScreenCapture::start(int frames_per_second,
                                                            const MediaClock& clock,
                                                            Events events) {
  auto reader = ScreenReader::open(frames_per_second);
  if (!reader) return tl::unexpected(reader.error());
  UniqueFd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!wake)
    return tl::unexpected(Cause{CauseKind::not_ready,
                                "The system gave no event descriptor.",
                                "Raise the guest's limit of open files.",
                                {}});
  return std::unique_ptr<ScreenCapture>{new ScreenCapture(
      frames_per_second, clock, std::move(events), std::move(*reader), std::move(wake))};
}

ScreenCapture::ScreenCapture(int frames_per_second, const MediaClock& clock, Events events,
                             std::unique_ptr<ScreenReader> reader, UniqueFd wake)
    : clock_(clock),
      events_(std::move(events)),
      wake_(std::move(wake)),
      pacer_(frames_per_second),
      reader_(std::move(reader)),
      thread_([this] { run(); }) {}

ScreenCapture::~ScreenCapture() {
  stop();
}

void ScreenCapture::stop() {
  if (!thread_.joinable()) return;
  order([this] { orders_.stop = true; });
  thread_.join();
}

void ScreenCapture::set_active(bool active) {
  order([&] { orders_.active = active; });
}

void ScreenCapture::request_frame() {
  order([this] { orders_.frame = true; });
}

void ScreenCapture::set_marked(bool is_marked) {
  order([&] {
    orders_.marked = is_marked;
    orders_.frame = true;
  });
}

void ScreenCapture::settled(GstClockTime timestamp) {
  order([&] { orders_.settled = timestamp; });
}

void ScreenCapture::order(const std::function<void()>& change) {
  {
    const std::scoped_lock lock{mutex_};
    change();
  }
  ::eventfd_write(wake_.get(), 1);
}

void ScreenCapture::run() {
  events_.resized(reader_->screen_width(), reader_->screen_height());
  while (true) {
    take_orders();
    if (stopping_) return;
    const auto news = reader_->take_events();
    if (!news) return events_.failed(display_lost());
    if (news->damaged || news->resized) pacer_.damaged();
    if (news->resized) events_.resized(reader_->screen_width(), reader_->screen_height());
    const auto step = act();
    // After replies were read events may wait inside XCB, where poll() does not see them.
    if (step == Step::acted) continue;
    if (step == Step::lost || !wait()) return events_.failed(display_lost());
  }
}

void ScreenCapture::take_orders() {
  Orders orders;
  {
    const std::scoped_lock lock{mutex_};
    orders = orders_;
    orders_.frame = false;
    orders_.settled.reset();
  }
  stopping_ = orders.stop;
  marked_ = orders.marked;
  if (orders.active != active_) {
    active_ = orders.active;
    reader_->watch(active_);
    pacer_.reset();
    if (active_) pacer_.damaged();
  }
  if (orders.settled && *orders.settled >= wanted_at_) pacer_.settled();
  if (!active_ || !orders.frame) return;
  pacer_.requested(FramePacer::Clock::now());
  wanted_at_ = clock_.now();
}

ScreenCapture::Step ScreenCapture::act() {
  if (!active_) return Step::idle;
  const auto action = pacer_.next(FramePacer::Clock::now());
  if (action == FramePacer::Action::none) return Step::idle;
  const auto now = clock_.now();
  if (action == FramePacer::Action::capture) {
    if (!reader_->refresh()) return Step::lost;
    wanted_at_ = now;
  }
  reader_->picture().set_marked(marked_);  // it is another one after a change of size
  const auto use = action == FramePacer::Action::capture  ? PictureUse::change
                   : action == FramePacer::Action::repeat ? PictureUse::repeat
                                                          : PictureUse::keep_alive;
  if (const auto frame = reader_->picture().frame(now)) events_.frame(frame.get(), use);
  return Step::acted;
}

bool ScreenCapture::wait() {
  std::array<pollfd, 2> descriptors{{{reader_->descriptor(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
  const auto due = active_ ? pacer_.wake() : std::nullopt;
  timespec timeout{};
  if (due) {
    const auto left = std::max(std::chrono::nanoseconds{*due - FramePacer::Clock::now()},
                               std::chrono::nanoseconds{0});
    timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
    timeout.tv_nsec = (left % std::chrono::seconds{1}).count();
  }
  const int ready =
      ::ppoll(descriptors.data(), descriptors.size(), due ? &timeout : nullptr, nullptr);
  if (ready < 0) return errno == EINTR;
  eventfd_t count = 0;
  if (descriptors[1].revents != 0) ::eventfd_read(wake_.get(), &count);
  return (descriptors[0].revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

}  // namespace aerie::stream
