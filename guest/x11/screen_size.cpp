#include "guest/x11/screen_size.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

namespace aerie::x11 {
namespace {

struct FreeReply {
  void operator()(void* reply) const { std::free(reply); }
};
template <class T>
using Reply = std::unique_ptr<T, FreeReply>;

struct Disconnect {
  void operator()(xcb_connection_t* x) const { xcb_disconnect(x); }
};

constexpr double millimetres_an_inch = 25.4;
constexpr double dots_an_inch = 96;

Cause refused(const std::string& what) {
  return {CauseKind::not_ready,
          "The X server did not change its size: " + what + ".",
          "Use an X server with RandR 1.2, for example Debian's Xvfb.",
          {}};
}

std::uint32_t millimetres(int pixels) {
  return static_cast<std::uint32_t>(pixels * millimetres_an_inch / dots_an_inch);
}

std::string name_of(ScreenSize size) {
  return "aerie-" + std::to_string(size.width) + "x" + std::to_string(size.height);
}

/// What the server has for monitors: its first output, what drives it, and all modes.
struct Monitor {
  xcb_randr_output_t output = XCB_NONE;
  xcb_randr_crtc_t crtc = XCB_NONE;
  std::vector<std::pair<std::string, xcb_randr_mode_t>> own_modes;  ///< that this file made
};

std::optional<Monitor> find_monitor(xcb_connection_t* x, xcb_window_t root) {
  const Reply<xcb_randr_get_screen_resources_current_reply_t> all{
      xcb_randr_get_screen_resources_current_reply(
          x, xcb_randr_get_screen_resources_current(x, root), nullptr)};
  if (!all || all->num_outputs == 0 || all->num_crtcs == 0) return std::nullopt;
  Monitor monitor;
  monitor.output = *xcb_randr_get_screen_resources_current_outputs(all.get());
  monitor.crtc = *xcb_randr_get_screen_resources_current_crtcs(all.get());
  const auto* name =
      reinterpret_cast<const char*>(xcb_randr_get_screen_resources_current_names(all.get()));
  const auto* modes = xcb_randr_get_screen_resources_current_modes(all.get());
  for (int i = 0; i < xcb_randr_get_screen_resources_current_modes_length(all.get()); ++i) {
    const std::string text{name, modes[i].name_len};
    name += modes[i].name_len;
    if (text.starts_with("aerie-")) monitor.own_modes.emplace_back(text, modes[i].id);
  }
  return monitor;
}

xcb_randr_mode_t make_mode(xcb_connection_t* x, xcb_window_t root, ScreenSize size) {
  const auto name = name_of(size);
  xcb_randr_mode_info_t info{};
  info.width = info.hsync_start = info.hsync_end = info.htotal =
      static_cast<std::uint16_t>(size.width);
  info.height = info.vsync_start = info.vsync_end = info.vtotal =
      static_cast<std::uint16_t>(size.height);
  constexpr std::uint32_t nominal_rate = 60;  // programs ask for it; nothing is scanned out
  info.dot_clock = static_cast<std::uint32_t>(size.width) *
                   static_cast<std::uint32_t>(size.height) * nominal_rate;
  info.name_len = static_cast<std::uint16_t>(name.size());
  const Reply<xcb_randr_create_mode_reply_t> made{xcb_randr_create_mode_reply(
      x, xcb_randr_create_mode(x, root, info, info.name_len, name.c_str()), nullptr)};
  return made ? made->mode : xcb_randr_mode_t{XCB_NONE};
}

bool set_crtc(xcb_connection_t* x, xcb_randr_crtc_t crtc, xcb_randr_mode_t mode,
              const xcb_randr_output_t* output) {
  const Reply<xcb_randr_set_crtc_config_reply_t> done{xcb_randr_set_crtc_config_reply(
      x,
      xcb_randr_set_crtc_config(x, crtc, XCB_CURRENT_TIME, XCB_CURRENT_TIME, 0, 0, mode,
                                XCB_RANDR_ROTATION_ROTATE_0, output ? 1 : 0, output),
      nullptr)};
  return done && done->status == XCB_RANDR_SET_CONFIG_SUCCESS;
}

/// Nobody else's requests come in between.
class Grab {
 public:
  explicit Grab(xcb_connection_t* x) : x_(x) { xcb_grab_server(x_); }
  Grab(const Grab&) = delete;
  Grab& operator=(const Grab&) = delete;
  ~Grab() {
    xcb_ungrab_server(x_);
    xcb_flush(x_);
  }

 private:
  xcb_connection_t* x_;
};

}  // namespace

ScreenSize largest_size(xcb_connection_t* x, xcb_window_t root) {
  const auto* randr = xcb_get_extension_data(x, &xcb_randr_id);
  if (!randr || !randr->present) return {};
  const Reply<xcb_randr_query_version_reply_t> version{
      xcb_randr_query_version_reply(x, xcb_randr_query_version(x, 1, 3), nullptr)};
  if (!version) return {};
  const Reply<xcb_randr_get_screen_size_range_reply_t> range{
      xcb_randr_get_screen_size_range_reply(x, xcb_randr_get_screen_size_range(x, root), nullptr)};
  return range ? ScreenSize{range->max_width, range->max_height} : ScreenSize{};
}

Result<void> set_size(xcb_connection_t* x, xcb_window_t root, ScreenSize size) {
  const auto largest = largest_size(x, root);
  if (size.width < 1 || size.height < 1 || size.width > largest.width ||
      size.height > largest.height)
    return tl::unexpected(refused(name_of(size) + " is beyond its " +
                                  std::to_string(largest.width) + "x" +
                                  std::to_string(largest.height)));
  const Grab grab{x};
  const auto monitor = find_monitor(x, root);
  if (!monitor) return tl::unexpected(refused("it has no monitor"));
  const auto known = std::find_if(monitor->own_modes.begin(), monitor->own_modes.end(),
                                  [&](const auto& mode) { return mode.first == name_of(size); });
  const auto mode = known != monitor->own_modes.end() ? known->second : make_mode(x, root, size);
  if (mode == XCB_NONE) return tl::unexpected(refused("it takes no new mode"));
  xcb_randr_add_output_mode(x, monitor->output, mode);
  // A screen can't become smaller than the mode of its monitor, so that is off meanwhile.
  if (!set_crtc(x, monitor->crtc, XCB_NONE, nullptr))
    return tl::unexpected(refused("its monitor can't be switched off"));
  xcb_randr_set_screen_size(x, root, static_cast<std::uint16_t>(size.width),
                            static_cast<std::uint16_t>(size.height), millimetres(size.width),
                            millimetres(size.height));
  if (!set_crtc(x, monitor->crtc, mode, &monitor->output))
    return tl::unexpected(refused("its monitor takes no other mode"));
  for (const auto& [name, old] : monitor->own_modes) {
    if (old == mode) continue;
    xcb_randr_delete_output_mode(x, monitor->output, old);
    xcb_randr_destroy_mode(x, old);
  }
  return {};
}

Result<void> set_size_of(int number, std::string cookie, ScreenSize size) {
  std::string protocol = "MIT-MAGIC-COOKIE-1";
  xcb_auth_info_t secret{static_cast<int>(protocol.size()), protocol.data(),
                         static_cast<int>(cookie.size()), cookie.data()};
  const auto display = ":" + std::to_string(number);
  int screen = 0;
  const std::unique_ptr<xcb_connection_t, Disconnect> x{
      xcb_connect_to_display_with_auth_info(display.c_str(), &secret, &screen)};
  if (xcb_connection_has_error(x.get()) != 0)
    return tl::unexpected(refused("it takes no connection"));
  return set_size(x.get(), xcb_setup_roots_iterator(xcb_get_setup(x.get())).data->root, size);
}

}  // namespace aerie::x11
