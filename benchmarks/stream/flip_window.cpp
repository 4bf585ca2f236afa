#include "benchmarks/stream/flip_window.hpp"

#include <array>
#include <stdexcept>

namespace aerie::bench {
namespace {

constexpr std::uint32_t dark = 0x203060;
constexpr std::uint32_t bright = 0xF0D080;

stream::XConnection connection() {
  auto x = stream::XConnection::open();
  if (!x) throw std::runtime_error(x.error().message);
  return std::move(*x);
}

}  // namespace

FlipWindow::FlipWindow(const stream::Rectangle& where) : x_(connection()), where_(where) {
  window_ = xcb_generate_id(x_.get());
  const std::array<std::uint32_t, 3> values{dark, 1, XCB_EVENT_MASK_KEY_PRESS};
  xcb_create_window(
      x_.get(), XCB_COPY_FROM_PARENT, window_, x_.root(), static_cast<std::int16_t>(where.x),
      static_cast<std::int16_t>(where.y), static_cast<std::uint16_t>(where.width),
      static_cast<std::uint16_t>(where.height), 0, XCB_WINDOW_CLASS_INPUT_OUTPUT,
      XCB_COPY_FROM_PARENT, XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK,
      values.data());
  xcb_map_window(x_.get(), window_);
  xcb_set_input_focus(x_.get(), XCB_INPUT_FOCUS_POINTER_ROOT, window_, XCB_CURRENT_TIME);
  // Some streamers draw the pointer into the picture, which is not to hide the pixel that counts.
  const auto& screen = x_.screen();
  xcb_warp_pointer(x_.get(), XCB_NONE, x_.root(), 0, 0, 0, 0,
                   static_cast<std::int16_t>(screen.width_in_pixels - 1),
                   static_cast<std::int16_t>(screen.height_in_pixels - 1));
  brush_ = xcb_generate_id(x_.get());
  xcb_create_gc(x_.get(), brush_, window_, 0, nullptr);
  x_.flush();
  keys_ = std::thread{[this] { follow_keys(); }};
}

FlipWindow::~FlipWindow() {
  xcb_client_message_event_t end{};
  end.response_type = XCB_CLIENT_MESSAGE;
  end.format = 8;
  end.window = window_;
  xcb_send_event(x_.get(), 0, window_, 0, reinterpret_cast<const char*>(&end));
  x_.flush();
  keys_.join();
}

void FlipWindow::flip() {
  is_bright_ = !is_bright_;
  const std::uint32_t colour = is_bright_ ? bright : dark;
  const xcb_rectangle_t all{0, 0, static_cast<std::uint16_t>(where_.width),
                            static_cast<std::uint16_t>(where_.height)};
  xcb_change_gc(x_.get(), brush_, XCB_GC_FOREGROUND, &colour);
  xcb_poly_fill_rectangle(x_.get(), window_, brush_, 1, &all);
  x_.flush();
}

void FlipWindow::follow_keys() {
  while (const stream::XcbPtr<xcb_generic_event_t> event{xcb_wait_for_event(x_.get())}) {
    const auto type = event->response_type & 0x7F;
    if (type == XCB_CLIENT_MESSAGE) return;
    if (type == XCB_KEY_PRESS) flip();
  }
}

}  // namespace aerie::bench
