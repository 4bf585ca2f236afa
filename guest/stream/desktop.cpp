#include "guest/stream/desktop.hpp"

#include <xcb/xfixes.h>
#include <xcb/xtest.h>

namespace aerie::stream {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace

Result<std::unique_ptr<Desktop>> Desktop::open(EventLoop& loop, Events events) {
  auto x = XConnection::open();
  if (!x) return tl::unexpected(x.error());
  if (const auto test = x->extension(xcb_test_id, "XTEST"); !test)
    return tl::unexpected(test.error());
  const auto fixes = x->extension(xcb_xfixes_id, "XFIXES");
  if (!fixes) return tl::unexpected(fixes.error());
  const XcbPtr<xcb_xfixes_query_version_reply_t> version{
      xcb_xfixes_query_version_reply(x->get(), xcb_xfixes_query_version(x->get(), 5, 0), nullptr)};
  return std::unique_ptr<Desktop>{new Desktop(loop, std::move(*x), *fixes, std::move(events))};
}

Desktop::Desktop(EventLoop& loop, XConnection x, std::uint8_t xfixes_event, Events events)
    : events_(std::move(events)),
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
                       release_all();
                       return std::nullopt;
                     },
                     [this](const ClipboardEvent& event) -> Answer {
                       clipboard_.offer(event.text);
                       return std::nullopt;
                     },
                     // The display's size is fixed at its start.
                     [](const DisplayRequest&) -> Answer { return Refusal{"unsupported"}; },
                     [this](const auto& input) -> Answer { return input_.inject(input); },
                 },
                 message);
  take_events();
  return refusal;
}

void Desktop::release_all() {
  input_.release_all();
}

}  // namespace aerie::stream
