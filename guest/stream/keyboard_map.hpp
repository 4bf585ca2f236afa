#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <vector>

namespace aerie::stream {

/// Keysyms of X11's keysymdef.h that input treats apart.
namespace keysyms {
inline constexpr std::uint32_t shift_left = 0xFFE1;
inline constexpr std::uint32_t shift_right = 0xFFE2;
inline constexpr std::uint32_t caps_lock = 0xFFE5;
inline constexpr std::uint32_t shift_lock = 0xFFE6;
inline constexpr std::uint32_t num_lock = 0xFF7F;
inline constexpr std::uint32_t hyper_right = 0xFFEE;
/// Shift, Control, Meta, Alt, Super, Hyper, and the ISO level shifts.
[[nodiscard]] constexpr bool is_modifier(std::uint32_t keysym) {
  return (keysym >= shift_left && keysym <= hyper_right) || (keysym >= 0xFE01 && keysym <= 0xFE13);
}
}  // namespace keysyms

/// Which key types a keysym.
struct KeyStroke {
  std::uint8_t keycode = 0;
  /// The level the keysym is on: true needs Shift, false forbids it, empty does not mind.
  std::optional<bool> shift;
  friend bool operator==(const KeyStroke&, const KeyStroke&) = default;
};

/// The keyboard map of the X server, and the free keycodes in it that are lent to keysyms it lacks.
/// Pure: the caller reads the map and tells the server of bindings.
class KeyboardMap {
 public:
  /// Takes a map as X gives it: `per_keycode` keysyms for each keycode from `first` on. Bindings
  /// made before stay while the map still has them.
  void load(std::uint8_t first, std::size_t per_keycode, std::vector<std::uint32_t> keysyms);

  [[nodiscard]] std::optional<KeyStroke> find(std::uint32_t keysym) const;

  /// Lends a free keycode to a keysym that `find` does not know; the one not used for longest is
  /// taken back when none is left. Empty when there is none, or when all were lent since `settle`:
  /// programs read the map late, so a keycode must keep its meaning for a while.
  [[nodiscard]] std::optional<std::uint8_t> bind(std::uint32_t keysym);
  /// Notes that the keysym was typed.
  void touch(std::uint32_t keysym);
  /// Lets keycodes lent so far be lent anew.
  void settle();

 private:
  struct Loan {
    std::uint8_t keycode = 0;
    std::uint32_t keysym = 0;
    bool fresh = false;
  };

  std::uint8_t first_ = 0;
  std::size_t per_keycode_ = 0;
  std::vector<std::uint32_t> keysyms_;
  std::list<Loan> loans_;  // longest unused first; keysym 0: never lent
};

}  // namespace aerie::stream
