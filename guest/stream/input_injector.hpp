#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>

#include "guest/stream/event_loop.hpp"
#include "guest/stream/keyboard_map.hpp"
#include "guest/stream/viewer_messages.hpp"
#include "guest/stream/x_connection.hpp"

namespace aerie::stream {

/// Makes keys and pointer events with XTEST for whoever is in control, and remembers what is held.
class InputInjector {
 public:
  InputInjector(EventLoop& loop, XConnection& x);

  /// Empty when it is done, else why not: `no-keycode`, `rate-limited`.
  [[nodiscard]] std::optional<Refusal> inject(const KeyEvent& key);
  [[nodiscard]] std::optional<Refusal> inject(const ButtonEvent& button);
  [[nodiscard]] std::optional<Refusal> inject(const MoveEvent& move);
  [[nodiscard]] std::optional<Refusal> inject(const WheelEvent& wheel);
  [[nodiscard]] std::optional<Refusal> inject(const TextEvent& text);

  /// Releases every key and button held, forgets text not typed yet and the order of moves.
  void release_all();
  /// The same as its viewer's wish: what that has typed before is typed first.
  void release_all_in_turn();
  /// Reads the keyboard map again; after MappingNotify.
  void reload_keyboard();
  void set_screen(int width, int height);

 private:
  enum class Typing { press, release, tap };
  /// Something typed that waits for its turn.
  struct Typed {
    std::uint32_t keysym = 0;
    Typing how = Typing::tap;
  };

  [[nodiscard]] std::optional<KeyStroke> stroke_of(std::uint32_t keysym);
  [[nodiscard]] bool lend(std::uint32_t keysym);
  void lend_ahead();
  void perform(const Typed& typed);
  void press(std::uint32_t keysym, const KeyStroke& stroke);
  void press_with_shift(const KeyStroke& stroke);
  void press_without_shift(const KeyStroke& stroke);
  void move_to(Point to);
  [[nodiscard]] bool is_news(const std::optional<std::uint64_t>& n);
  void click(std::uint8_t button);
  void turn(double& rest, double notches, std::uint8_t negative, std::uint8_t positive);
  void type_on();
  void release_buttons();
  void release_leftovers();
  void fake(std::uint8_t type, std::uint8_t detail, Point at = {});

  EventLoop& loop_;
  XConnection& x_;
  KeyboardMap keyboard_;
  int width_;
  int height_;
  std::map<std::uint32_t, std::uint8_t> held_keys_;  // keysym to keycode
  std::set<std::uint8_t> held_buttons_;
  std::optional<std::uint64_t> newest_;
  double rest_x_ = 0;  // of a notch
  double rest_y_ = 0;
  std::deque<Typed> untyped_;
  EventSource typing_pause_;
};

}  // namespace aerie::stream
