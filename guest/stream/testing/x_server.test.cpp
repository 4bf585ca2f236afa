#include "guest/stream/testing/x_server.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"

namespace aerie::stream::testing {

XServer::XServer() {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
  const UniqueFd read_end{ends[0]};
  UniqueFd write_end{ends[1]};
  const std::string descriptor = std::to_string(write_end.get());
  const char* const arguments[] = {"Xvfb", "-displayfd", descriptor.c_str(), "-screen",
                                   "0",    "320x240x24", "-nolisten",        "tcp",
                                   "-ac",  nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
  const int failed = ::posix_spawnp(&pid_, "Xvfb", &actions, nullptr,
                                    const_cast<char* const*>(arguments), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("Xvfb is not installed");
  write_end.reset();
  std::string number;
  for (char digit = 0; ::read(read_end.get(), &digit, 1) == 1 && digit != '\n';)
    number += digit;
  if (number.empty()) throw std::runtime_error("Xvfb does not start");
  ::setenv("DISPLAY", (":" + number).c_str(), 1);
}

void XServer::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

XServer::~XServer() {
  kill();
}

Painter::Painter() : x_(std::move(*XConnection::open())) {
  window_ = xcb_generate_id(x_.get());
  const std::uint32_t values[] = {x_.screen().black_pixel, 1,
                                  XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_KEY_RELEASE |
                                      XCB_EVENT_MASK_BUTTON_PRESS | XCB_EVENT_MASK_BUTTON_RELEASE |
                                      XCB_EVENT_MASK_POINTER_MOTION};
  xcb_create_window(x_.get(), XCB_COPY_FROM_PARENT, window_, x_.root(), 0, 0, XServer::width,
                    XServer::height, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
                    XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
  xcb_map_window(x_.get(), window_);
  xcb_set_input_focus(x_.get(), XCB_INPUT_FOCUS_POINTER_ROOT, window_, XCB_CURRENT_TIME);
  brush_ = xcb_generate_id(x_.get());
  xcb_create_gc(x_.get(), brush_, window_, 0, nullptr);
  paint(0);
}

void Painter::paint(std::uint32_t rgb) {
  xcb_change_gc(x_.get(), brush_, XCB_GC_FOREGROUND, &rgb);
  const xcb_rectangle_t all{0, 0, XServer::width, XServer::height};
  xcb_poly_fill_rectangle(x_.get(), window_, brush_, 1, &all);
  const XcbPtr<xcb_get_input_focus_reply_t> done{
      xcb_get_input_focus_reply(x_.get(), xcb_get_input_focus(x_.get()), nullptr)};
}

std::optional<Painter::Input> Painter::poll_input() {
  while (const XcbPtr<xcb_generic_event_t> event{xcb_poll_for_event(x_.get())}) {
    const auto type = static_cast<std::uint8_t>(event->response_type & 0x7F);
    if (type < XCB_KEY_PRESS || type > XCB_MOTION_NOTIFY) continue;
    const auto& input = reinterpret_cast<const xcb_key_press_event_t&>(*event);  // all alike
    return Input{type, input.detail, input.event_x, input.event_y, input.state};
  }
  return std::nullopt;
}

void Painter::copy(std::string text) {
  copied_ = std::move(text);
  xcb_set_selection_owner(x_.get(), window_, x_.atom("CLIPBOARD"), XCB_CURRENT_TIME);
  x_.flush();
}

void Painter::serve_copies() {
  while (const XcbPtr<xcb_generic_event_t> event{xcb_poll_for_event(x_.get())}) {
    const auto type = event->response_type & 0x7F;
    if (type == XCB_SELECTION_CLEAR) lost_ = true;
    if (type != XCB_SELECTION_REQUEST) continue;
    const auto& request = reinterpret_cast<const xcb_selection_request_event_t&>(*event);
    xcb_change_property(x_.get(), XCB_PROP_MODE_REPLACE, request.requestor, request.property,
                        request.target, 8, static_cast<std::uint32_t>(copied_.size()),
                        copied_.data());
    xcb_selection_notify_event_t answer{};
    answer.response_type = XCB_SELECTION_NOTIFY;
    answer.requestor = request.requestor;
    answer.selection = request.selection;
    answer.target = request.target;
    answer.property = request.property;
    xcb_send_event(x_.get(), 0, request.requestor, 0, reinterpret_cast<const char*>(&answer));
    x_.flush();
  }
}

void Painter::ask_paste() {
  xcb_convert_selection(x_.get(), window_, x_.atom("CLIPBOARD"), x_.atom("UTF8_STRING"),
                        x_.atom("PASTED"), XCB_CURRENT_TIME);
  x_.flush();
}

std::optional<std::string> Painter::pasted() {
  while (const XcbPtr<xcb_generic_event_t> event{xcb_poll_for_event(x_.get())}) {
    if ((event->response_type & 0x7F) != XCB_SELECTION_NOTIFY) continue;
    const XcbPtr<xcb_get_property_reply_t> reply{
        xcb_get_property_reply(x_.get(),
                               xcb_get_property(x_.get(), 1, window_, x_.atom("PASTED"),
                                                XCB_GET_PROPERTY_TYPE_ANY, 0, 16 * 1024),
                               nullptr)};
    return std::string{static_cast<const char*>(xcb_get_property_value(reply.get())),
                       static_cast<std::size_t>(xcb_get_property_value_length(reply.get()))};
  }
  return std::nullopt;
}

std::uint32_t Painter::keysym(std::uint8_t keycode, std::uint16_t state) {
  const XcbPtr<xcb_get_keyboard_mapping_reply_t> map{xcb_get_keyboard_mapping_reply(
      x_.get(), xcb_get_keyboard_mapping(x_.get(), keycode, 1), nullptr)};
  const auto* keysyms = xcb_get_keyboard_mapping_keysyms(map.get());
  return keysyms[(state & XCB_MOD_MASK_SHIFT) != 0 ? 1 : 0];
}

}  // namespace aerie::stream::testing
