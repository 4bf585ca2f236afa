#include "guest/stream/desktop.hpp"

#include <algorithm>
#include <xcb/xfixes.h>
#include <xcb/xtest.h>

#include "guest/stream/log.hpp"

namespace aerie::stream {
namespace {

/// Programs draw themselves anew at each size, so there is a pause between two; the last one wins.
constexpr std::chrono::milliseconds resize_pause{200};

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace

Result<std::unique_ptr<Desktop>> Desktop::open(EventLoop& loop, bool follows, Events events) {
  auto x = XConnection::open();
  if (!x) return tl::unexpected(x.error());
  if (const auto test = x->extension(xcb_test_id, "XTEST"); !test)
    return tl::unexpected(test.error());
  const auto fixes = x->extension(xcb_xfixes_id, "XFIXES");
  if (!fixes) return tl::unexpected(fixes.error());
  const XcbPtr<xcb_xfixes_query_version_reply_t> version{
      xcb_xfixes_query_version_reply(x->get(), xcb_xfixes_query_version(x->get(), 5, 0), nullptr)};
  std::unique_ptr<Desktop> desktop{new Desktop(loop, std::move(*x), *fixes, std::move(events))};
  if (follows) desktop->largest_ = x11::largest_size(desktop->x_.get(), desktop->x_.root());
  return desktop;
}

Desktop::Desktop(EventLoop& loop, XConnection x, std::uint8_t xfixes_event, Events events)
    : loop_(loop),
      events_(std::move(events)),
      x_(std::move(x)),
      xfixes_event_(xfixes_event),
      input_(loop, x_),
      cursor_(x_),
      clipboard_(x_, xfixes_event, [this](const std::string& text) { events_.clipboard(text); }),
      watch_(loop.watch(x_.descriptor(), G_IO_IN, [this](GIOCondition) { take_events(); })) {
  x_.flush();
}

void Desktop::take_events() {
  while (const XcbPtr<xcb_generic_event_t> event{xcb_poll_for_event(x_.get())})
    handle(*event);
  if (!x_.is_broken()) return;
  watch_.cancel();
  events_.failed(display_lost());
}

void Desktop::handle(const xcb_generic_event_t& event) {
  const auto type = event.response_type & 0x7F;
  if (type == XCB_MAPPING_NOTIFY) {
    const auto& change = reinterpret_cast<const xcb_mapping_notify_event_t&>(event);
    if (change.request != XCB_MAPPING_POINTER) input_.reload_keyboard();
  } else if (type == xfixes_event_ + XCB_XFIXES_CURSOR_NOTIFY) {
    if (cursor_.refresh()) events_.cursor(*cursor_.shape());
  } else {
    clipboard_.handle(event);
  }
}

std::optional<Refusal> Desktop::perform(const ViewerMessage& message) {
  using Answer = std::optional<Refusal>;
  const auto refusal =
      std::visit(Overloaded{
                     [this](const ReleaseAll&) -> Answer {
                       input_.release_all_in_turn();
                       return std::nullopt;
                     },
                     [this](const ClipboardEvent& event) -> Answer {
                       clipboard_.offer(event.text);
                       return std::nullopt;
                     },
                     // Not the desktop's business.
                     [](const RecordRequest&) -> Answer { return Refusal{"unsupported"}; },
                     [this](const DisplayRequest& wish) -> Answer { return resize(wish); },
                     [this](const auto& input) -> Answer { return input_.inject(input); },
                 },
                 message);
  take_events();
  return refusal;
}

std::optional<Refusal> Desktop::resize(const DisplayRequest& wish) {
  if (largest_ == x11::ScreenSize{}) return Refusal{"unsupported"};
  // Even, as pictures have one colour sample for 2x2 pixels.
  wanted_ = {std::min(wish.width, largest_.width) & ~1,
             std::min(wish.height, largest_.height) & ~1};
  if (!size_pause_) apply_size();
  return std::nullopt;
}

void Desktop::apply_size() {
  size_pause_.cancel();
  if (wanted_ == size_) return;
  size_ = wanted_;
  const auto done = x11::set_size(x_.get(), x_.root(), wanted_);
  if (!done) log_line(done.error().message + " " + done.error().remedy);
  size_pause_ = loop_.after(resize_pause, [this] { apply_size(); });
}

void Desktop::set_screen(int width, int height) {
  size_ = {width, height};
  if (!size_pause_) wanted_ = size_;
  input_.set_screen(width, height);
}

void Desktop::release_all() {
  input_.release_all();
}

}  // namespace aerie::stream
