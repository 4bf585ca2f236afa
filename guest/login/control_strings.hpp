#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace aerie::login {

/// Takes control strings (ECMA-48, 5.6: OSC, DCS and the like) out of what a tool writes, whole,
/// however they come in pieces. libvterm 0.1 reads beyond its memory where one comes in two writes.
class ControlStrings {
 public:
  static constexpr std::size_t most_bytes = 16 * 1024;

  /// `on_osc` gets what is between `ESC ]` and its end; other strings and longer ones are dropped.
  explicit ControlStrings(std::function<void(std::string_view)> on_osc)
      : on_osc_(std::move(on_osc)) {}

  /// What remains; the beginning of a sequence that is not decided yet comes with a later call.
  [[nodiscard]] std::string filter(std::string_view bytes);

 private:
  enum class State { text, escape, string, string_escape };

  void step(char each, std::string& rest);
  void begin(char introducer);
  void end();

  std::function<void(std::string_view)> on_osc_;
  State state_ = State::text;
  bool is_osc_ = false;
  bool is_too_long_ = false;
  std::string string_;
};

}  // namespace aerie::login
