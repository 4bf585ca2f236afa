#include "guest/stream/x_connection.hpp"

#include <string>

namespace aerie::stream {
namespace {

std::string display_name() {
  const char* name = std::getenv("DISPLAY");
  return name && *name ? name : "(DISPLAY is not set)";
}

}  // namespace

Result<XConnection> XConnection::open() {
  int screen_number = 0;
  XConnection connection{xcb_connect(nullptr, &screen_number)};
  if (connection.is_broken())
    return tl::unexpected(Cause{
        CauseKind::not_ready,
        "The X server " + display_name() + " takes no connection.",
        "Start the display before the stream, and give the stream its DISPLAY and XAUTHORITY.",
        {}});
  auto screens = xcb_setup_roots_iterator(xcb_get_setup(connection.get()));
  for (int i = 0; i < screen_number && screens.rem > 1; ++i)
    xcb_screen_next(&screens);
  connection.screen_ = screens.data;
  return connection;
}

Result<std::uint8_t> XConnection::extension(xcb_extension_t& id, std::string_view name) {
  const auto* data = xcb_get_extension_data(get(), &id);
  if (data && data->present) return data->first_event;
  return tl::unexpected(
      Cause{CauseKind::not_ready,
            "The X server " + display_name() + " lacks the extension " + std::string{name} + ".",
            "Use an X server that has it, for example Xvfb with its defaults.",
            {}});
}

xcb_atom_t XConnection::atom(std::string_view name) {
  const auto cookie =
      xcb_intern_atom(get(), 0, static_cast<std::uint16_t>(name.size()), name.data());
  const XcbPtr<xcb_intern_atom_reply_t> reply{xcb_intern_atom_reply(get(), cookie, nullptr)};
  return reply ? reply->atom : xcb_atom_t{XCB_ATOM_NONE};
}

Cause display_lost() {
  return {CauseKind::not_ready,
          "The X server " + display_name() + " closed the connection.",
          "Look at the display's own exit and log; the stream starts again with it.",
          {}};
}

}  // namespace aerie::stream
