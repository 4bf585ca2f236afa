#include "guest/stream/input_injector.hpp"

#include <algorithm>
#include <cmath>
#include <vector>
#include <xcb/xtest.h>

#include "guest/stream/unicode.hpp"

namespace aerie::stream {
namespace {

constexpr std::size_t most_untyped = 64 * 1024;  // code points
/// How long programs get to read the map before a lent keycode is pressed (nothing tells that they
/// have: Chromium loses the key otherwise), and it keeps its meaning afterwards.
constexpr std::chrono::milliseconds loan_time{50};
constexpr double most_turned = 50;  // notches a message

}  // namespace

InputInjector::InputInjector(EventLoop& loop, XConnection& x)
    : loop_(loop), x_(x), width_(x.screen().width_in_pixels), height_(x.screen().height_in_pixels) {
  // Viewers repeat keys themselves.
  const std::uint32_t off = XCB_AUTO_REPEAT_MODE_OFF;
  xcb_change_keyboard_control(x_.get(), XCB_KB_AUTO_REPEAT_MODE, &off);
  reload_keyboard();
  release_leftovers();
}

/// A streamer before this one may have died with keys and buttons down.
void InputInjector::release_leftovers() {
  const XcbPtr<xcb_query_keymap_reply_t> down{
      xcb_query_keymap_reply(x_.get(), xcb_query_keymap(x_.get()), nullptr)};
  for (unsigned keycode = 8; down && keycode < 256; ++keycode)
    if ((down->keys[keycode / 8] >> (keycode % 8) & 1U) != 0)
      fake(XCB_KEY_RELEASE, static_cast<std::uint8_t>(keycode));
  const XcbPtr<xcb_query_pointer_reply_t> pointer{
      xcb_query_pointer_reply(x_.get(), xcb_query_pointer(x_.get(), x_.root()), nullptr)};
  for (unsigned button = 1; pointer && button <= 5; ++button)
    if ((pointer->mask & (XCB_BUTTON_MASK_1 << (button - 1))) != 0)
      fake(XCB_BUTTON_RELEASE, static_cast<std::uint8_t>(button));
  x_.flush();
}

void InputInjector::reload_keyboard() {
  const auto* setup = xcb_get_setup(x_.get());
  const auto count = static_cast<std::uint8_t>(setup->max_keycode - setup->min_keycode + 1);
  const XcbPtr<xcb_get_keyboard_mapping_reply_t> map{xcb_get_keyboard_mapping_reply(
      x_.get(), xcb_get_keyboard_mapping(x_.get(), setup->min_keycode, count), nullptr)};
  if (!map) return;
  const auto* keysyms = xcb_get_keyboard_mapping_keysyms(map.get());
  const auto length = xcb_get_keyboard_mapping_keysyms_length(map.get());
  keyboard_.load(setup->min_keycode, map->keysyms_per_keycode, {keysyms, keysyms + length});
}

void InputInjector::set_screen(int width, int height) {
  width_ = width;
  height_ = height;
}

void InputInjector::fake(std::uint8_t type, std::uint8_t detail, Point at) {
  xcb_test_fake_input(x_.get(), type, detail, XCB_CURRENT_TIME, x_.root(),
                      static_cast<std::int16_t>(at.x), static_cast<std::int16_t>(at.y), 0);
}

std::optional<KeyStroke> InputInjector::stroke_of(std::uint32_t keysym) {
  const auto known = keyboard_.find(keysym);
  if (known) keyboard_.touch(keysym);
  return known;
}

bool InputInjector::lend(std::uint32_t keysym) {
  const auto keycode = keyboard_.bind(keysym);
  if (!keycode) return false;
  const xcb_keysym_t both_levels[] = {keysym, keysym};
  xcb_change_keyboard_mapping(x_.get(), 1, *keycode, 2, both_levels);
  return true;
}

std::optional<Refusal> InputInjector::inject(const KeyEvent& key) {
  // The viewer's own locks are in the keysyms already; ours would apply them twice.
  if (key.keysym == keysyms::caps_lock || key.keysym == keysyms::shift_lock ||
      key.keysym == keysyms::num_lock)
    return std::nullopt;
  if (untyped_.size() >= most_untyped) return Refusal{"rate-limited", "keysym"};
  if (untyped_.empty() && key.down && !keyboard_.find(key.keysym)) {
    keyboard_.settle();
    if (!lend(key.keysym)) return Refusal{"no-keycode", "keysym"};
    untyped_.push_back({key.keysym, Typing::press});
    typing_pause_ = loop_.after(loan_time, [this] { type_on(); });
  } else {
    untyped_.push_back({key.keysym, key.down ? Typing::press : Typing::release});
    if (!typing_pause_) type_on();
  }
  x_.flush();
  return std::nullopt;
}

void InputInjector::perform(const Typed& typed) {
  const auto held = held_keys_.find(typed.keysym);
  if (typed.how == Typing::release) {
    if (held == held_keys_.end()) return;
    fake(XCB_KEY_RELEASE, held->second);
    held_keys_.erase(held);
    return;
  }
  if (held != held_keys_.end()) {
    if (keysyms::is_modifier(typed.keysym)) return;
    fake(XCB_KEY_RELEASE, held->second);  // X ignores a press of a key that is down
    fake(XCB_KEY_PRESS, held->second);
    return;
  }
  const auto stroke = stroke_of(typed.keysym);
  if (!stroke) return;  // the map has no free keycode at all
  press(typed.keysym, *stroke);
  if (typed.how == Typing::tap)
    fake(XCB_KEY_RELEASE, stroke->keycode);
  else
    held_keys_[typed.keysym] = stroke->keycode;
}

void InputInjector::press(std::uint32_t keysym, const KeyStroke& stroke) {
  const bool shifted =
      held_keys_.contains(keysyms::shift_left) || held_keys_.contains(keysyms::shift_right);
  const bool minds = stroke.shift && !keysyms::is_modifier(keysym);
  if (minds && *stroke.shift && !shifted)
    press_with_shift(stroke);
  else if (minds && !*stroke.shift && shifted)
    press_without_shift(stroke);
  else
    fake(XCB_KEY_PRESS, stroke.keycode);
}

void InputInjector::press_with_shift(const KeyStroke& stroke) {
  const auto shift = stroke_of(keysyms::shift_left);
  if (shift) fake(XCB_KEY_PRESS, shift->keycode);
  fake(XCB_KEY_PRESS, stroke.keycode);
  if (shift) fake(XCB_KEY_RELEASE, shift->keycode);
}

void InputInjector::press_without_shift(const KeyStroke& stroke) {
  std::vector<std::uint8_t> lifted;
  for (const auto keysym : {keysyms::shift_left, keysyms::shift_right})
    if (const auto held = held_keys_.find(keysym); held != held_keys_.end())
      lifted.push_back(held->second);
  for (const auto keycode : lifted)
    fake(XCB_KEY_RELEASE, keycode);
  fake(XCB_KEY_PRESS, stroke.keycode);
  for (const auto keycode : lifted)
    fake(XCB_KEY_PRESS, keycode);
}

bool InputInjector::is_news(const std::optional<std::uint64_t>& n) {
  if (!n) return true;
  if (newest_ && *n <= *newest_) return false;
  newest_ = n;
  return true;
}

void InputInjector::move_to(Point to) {
  fake(XCB_MOTION_NOTIFY, 0, {std::clamp(to.x, 0, width_ - 1), std::clamp(to.y, 0, height_ - 1)});
}

std::optional<Refusal> InputInjector::inject(const MoveEvent& move) {
  if (is_news(move.n)) move_to(move.at);
  x_.flush();
  return std::nullopt;
}

std::optional<Refusal> InputInjector::inject(const ButtonEvent& button) {
  (void)is_news(button.n);  // later moves that were sent earlier must not undo this position
  if (button.at) move_to(*button.at);
  if (button.down && held_buttons_.insert(button.button).second)
    fake(XCB_BUTTON_PRESS, button.button);
  if (!button.down && held_buttons_.erase(button.button) > 0)
    fake(XCB_BUTTON_RELEASE, button.button);
  x_.flush();
  return std::nullopt;
}

std::optional<Refusal> InputInjector::inject(const WheelEvent& wheel) {
  (void)is_news(wheel.n);
  if (wheel.at) move_to(*wheel.at);
  turn(rest_y_, wheel.dy, 4, 5);
  turn(rest_x_, wheel.dx, 6, 7);
  x_.flush();
  return std::nullopt;
}

void InputInjector::turn(double& rest, double notches, std::uint8_t negative,
                         std::uint8_t positive) {
  rest = std::clamp(rest + notches, -most_turned, most_turned);
  for (; rest <= -1.0; rest += 1.0)
    click(negative);
  for (; rest >= 1.0; rest -= 1.0)
    click(positive);
}

void InputInjector::click(std::uint8_t button) {
  fake(XCB_BUTTON_PRESS, button);
  fake(XCB_BUTTON_RELEASE, button);
}

std::optional<Refusal> InputInjector::inject(const TextEvent& text) {
  if (untyped_.size() + text.text.size() > most_untyped) return Refusal{"rate-limited", "text"};
  for (const auto character : text.text)
    if (const auto keysym = keysym_of(character); keysym != 0)
      untyped_.push_back({keysym, Typing::tap});
  if (!typing_pause_) {
    keyboard_.settle();
    type_on();
  }
  return std::nullopt;
}

void InputInjector::lend_ahead() {
  for (const auto& typed : untyped_) {
    if (typed.how == Typing::release || keyboard_.find(typed.keysym)) continue;
    if (!lend(typed.keysym)) return;
  }
}

void InputInjector::type_on() {
  const bool has_waited = bool{typing_pause_};
  typing_pause_.cancel();
  if (has_waited) keyboard_.settle();
  bool may_wait = !has_waited || untyped_.empty() || keyboard_.find(untyped_.front().keysym);
  while (!untyped_.empty()) {
    const auto typed = untyped_.front();
    if (may_wait && typed.how != Typing::release && !keyboard_.find(typed.keysym)) {
      lend_ahead();
      typing_pause_ = loop_.after(loan_time, [this] { type_on(); });
      break;
    }
    may_wait = true;  // what could not be lent after a wait is passed over
    perform(typed);
    untyped_.pop_front();
  }
  x_.flush();
}

void InputInjector::release_all() {
  for (const auto& [keysym, keycode] : held_keys_)
    fake(XCB_KEY_RELEASE, keycode);
  held_keys_.clear();
  untyped_.clear();
  typing_pause_.cancel();
  release_buttons();
}

void InputInjector::release_all_in_turn() {
  if (untyped_.empty()) return release_all();
  std::set<std::uint32_t> down;
  for (const auto& [keysym, keycode] : held_keys_)
    down.insert(keysym);
  for (const auto& typed : untyped_) {
    if (typed.how == Typing::press) down.insert(typed.keysym);
    if (typed.how == Typing::release) down.erase(typed.keysym);
  }
  for (const auto keysym : down)
    untyped_.push_back({keysym, Typing::release});
  release_buttons();
}

void InputInjector::release_buttons() {
  for (const auto button : held_buttons_)
    fake(XCB_BUTTON_RELEASE, button);
  held_buttons_.clear();
  newest_.reset();
  rest_x_ = rest_y_ = 0;
  x_.flush();
}

}  // namespace aerie::stream
