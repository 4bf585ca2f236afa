#include "guest/stream/keyboard_map.hpp"

#include <algorithm>

namespace aerie::stream {

void KeyboardMap::load(std::uint8_t first, std::size_t per_keycode,
                       std::vector<std::uint32_t> keysyms) {
  first_ = first;
  per_keycode_ = per_keycode;
  keysyms_ = std::move(keysyms);
  const auto key_at = [&](std::size_t key) {
    return keysyms_.begin() + static_cast<std::ptrdiff_t>(key * per_keycode_);
  };
  for (std::size_t key = 0; per_keycode_ > 0 && key < keysyms_.size() / per_keycode_; ++key) {
    const auto keycode = static_cast<std::uint8_t>(first_ + key);
    const bool empty =
        std::all_of(key_at(key), key_at(key + 1), [](auto keysym) { return keysym == 0; });
    const auto loan = std::find_if(loans_.begin(), loans_.end(),
                                   [&](const Loan& one) { return one.keycode == keycode; });
    if (loan == loans_.end()) {
      if (empty) loans_.push_front({keycode, 0, false});
    } else if (empty) {
      loan->keysym = 0;
    } else if (*key_at(key) != loan->keysym) {
      loans_.erase(loan);  // somebody else uses it now
    }
  }
}

std::optional<KeyStroke> KeyboardMap::find(std::uint32_t keysym) const {
  const auto loan = std::find_if(loans_.begin(), loans_.end(),
                                 [&](const Loan& one) { return one.keysym == keysym; });
  if (loan != loans_.end()) return KeyStroke{loan->keycode, std::nullopt};
  // Only the first group's plain and shifted level: others need modifiers that viewers do not send.
  for (std::size_t level = 0; level < std::min<std::size_t>(per_keycode_, 2); ++level) {
    for (std::size_t at = level; at < keysyms_.size(); at += per_keycode_) {
      if (keysyms_[at] != keysym) continue;
      const auto keycode = static_cast<std::uint8_t>(first_ + at / per_keycode_);
      if (level == 1) return KeyStroke{keycode, true};
      const bool same = per_keycode_ < 2 || keysyms_[at + 1] == 0 || keysyms_[at + 1] == keysym;
      return KeyStroke{keycode, same ? std::nullopt : std::optional{false}};
    }
  }
  return std::nullopt;
}

std::optional<std::uint8_t> KeyboardMap::bind(std::uint32_t keysym) {
  const auto loan =
      std::find_if(loans_.begin(), loans_.end(), [](const Loan& one) { return !one.fresh; });
  if (loan == loans_.end()) return std::nullopt;
  loan->keysym = keysym;
  loan->fresh = true;
  loans_.splice(loans_.end(), loans_, loan);
  return loan->keycode;
}

void KeyboardMap::touch(std::uint32_t keysym) {
  const auto loan = std::find_if(loans_.begin(), loans_.end(),
                                 [&](const Loan& one) { return one.keysym == keysym; });
  if (loan == loans_.end()) return;
  loan->fresh = true;
  loans_.splice(loans_.end(), loans_, loan);
}

void KeyboardMap::settle() {
  for (auto& loan : loans_)
    loan.fresh = false;
}

}  // namespace aerie::stream
