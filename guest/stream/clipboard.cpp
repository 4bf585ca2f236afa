#include "guest/stream/clipboard.hpp"

#include <xcb/xfixes.h>

#include "guest/stream/unicode.hpp"
#include "guest/stream/viewer_messages.hpp"

namespace aerie::stream {

Clipboard::Clipboard(XConnection& x, std::uint8_t xfixes_event, Changed changed)
    : x_(x),
      xfixes_event_(xfixes_event),
      changed_(std::move(changed)),
      window_(xcb_generate_id(x.get())),
      clipboard_(x.atom("CLIPBOARD")),
      utf8_(x.atom("UTF8_STRING")),
      targets_(x.atom("TARGETS")),
      plain_text_(x.atom("text/plain;charset=utf-8")),
      transfer_(x.atom("AERIE_CLIPBOARD")) {
  xcb_create_window(x_.get(), XCB_COPY_FROM_PARENT, window_, x_.root(), -1, -1, 1, 1, 0,
                    XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, 0, nullptr);
  xcb_xfixes_select_selection_input(x_.get(), window_, clipboard_,
                                    XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER);
  x_.flush();
}

void Clipboard::offer(std::string text) {
  text_ = std::move(text);
  xcb_set_selection_owner(x_.get(), window_, clipboard_, XCB_CURRENT_TIME);
  x_.flush();
}

bool Clipboard::handle(const xcb_generic_event_t& event) {
  const auto type = event.response_type & 0x7F;
  if (type == xfixes_event_ + XCB_XFIXES_SELECTION_NOTIFY) {
    owner_changed(reinterpret_cast<const xcb_xfixes_selection_notify_event_t&>(event).owner);
  } else if (type == XCB_SELECTION_NOTIFY) {
    text_came(reinterpret_cast<const xcb_selection_notify_event_t&>(event).property);
  } else if (type == XCB_SELECTION_REQUEST) {
    serve(reinterpret_cast<const xcb_selection_request_event_t&>(event));
  } else {
    return false;
  }
  return true;
}

void Clipboard::owner_changed(xcb_window_t owner) {
  if (owner == window_ || owner == XCB_NONE) return;
  text_.clear();
  xcb_convert_selection(x_.get(), window_, clipboard_, utf8_, transfer_, XCB_CURRENT_TIME);
  x_.flush();
}

void Clipboard::text_came(xcb_atom_t property) {
  if (property != transfer_) return;  // the owner has no text
  const auto cookie = xcb_get_property(x_.get(), 1, window_, transfer_, XCB_GET_PROPERTY_TYPE_ANY,
                                       0, max_clipboard_bytes / 4 + 1);
  const XcbPtr<xcb_get_property_reply_t> reply{xcb_get_property_reply(x_.get(), cookie, nullptr)};
  if (!reply || reply->type != utf8_ || reply->format != 8 || reply->bytes_after != 0) return;
  const std::string text{static_cast<const char*>(xcb_get_property_value(reply.get())),
                         static_cast<std::size_t>(xcb_get_property_value_length(reply.get()))};
  if (text.size() <= max_clipboard_bytes && is_utf8(text)) changed_(text);
}

void Clipboard::serve(const xcb_selection_request_event_t& request) {
  // Old clients leave the property out and mean the target (ICCCM 2.2).
  const auto property = request.property == XCB_NONE ? request.target : request.property;
  xcb_selection_notify_event_t answer{};
  answer.response_type = XCB_SELECTION_NOTIFY;
  answer.time = request.time;
  answer.requestor = request.requestor;
  answer.selection = request.selection;
  answer.target = request.target;
  answer.property = property;
  if (request.target == targets_) {
    const xcb_atom_t offered[] = {targets_, utf8_, plain_text_, XCB_ATOM_STRING};
    xcb_change_property(x_.get(), XCB_PROP_MODE_REPLACE, request.requestor, property, XCB_ATOM_ATOM,
                        32, 4, offered);
  } else if (request.target == utf8_ || request.target == plain_text_ ||
             request.target == XCB_ATOM_STRING) {
    xcb_change_property(x_.get(), XCB_PROP_MODE_REPLACE, request.requestor, property,
                        request.target, 8, static_cast<std::uint32_t>(text_.size()), text_.data());
  } else {
    answer.property = XCB_NONE;
  }
  xcb_send_event(x_.get(), 0, request.requestor, 0, reinterpret_cast<const char*>(&answer));
  x_.flush();
}

}  // namespace aerie::stream
