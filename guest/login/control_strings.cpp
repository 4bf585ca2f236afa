#include "guest/login/control_strings.hpp"

namespace aerie::login {
namespace {

constexpr char escape = '\x1b';
constexpr char bell = '\x07';
constexpr char cancel = '\x18';
constexpr char substitute = '\x1a';
/// Behind ESC: operating system command, device control, start of string, privacy message,
/// application program command.
constexpr std::string_view introducers = "]PX^_";

}  // namespace

std::string ControlStrings::filter(std::string_view bytes) {
  std::string rest;
  for (const auto each : bytes)
    step(each, rest);
  return rest;
}

void ControlStrings::step(char each, std::string& rest) {
  switch (state_) {
    case State::text:
      if (each == escape)
        state_ = State::escape;
      else
        rest += each;
      return;
    case State::escape:
      if (introducers.find(each) != std::string_view::npos) return begin(each);
      rest += escape;
      if (each == escape) return;  // the one before is no sequence's beginning
      rest += each;
      state_ = State::text;
      return;
    case State::string:
      if (each == bell) return end();
      if (each == cancel || each == substitute) {
        state_ = State::text;
      } else if (each == escape) {
        state_ = State::string_escape;
      } else if (string_.size() < most_bytes) {
        string_ += each;
      } else {
        is_too_long_ = true;
      }
      return;
    case State::string_escape:
      if (each == '\\') return end();
      // It is cut short by another sequence.
      state_ = State::escape;
      return step(each, rest);
  }
}

void ControlStrings::begin(char introducer) {
  state_ = State::string;
  is_osc_ = introducer == ']';
  is_too_long_ = false;
  string_.clear();
}

void ControlStrings::end() {
  state_ = State::text;
  if (is_osc_ && !is_too_long_) on_osc_(string_);
}

}  // namespace aerie::login
