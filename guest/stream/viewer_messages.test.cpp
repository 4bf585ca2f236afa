#include "guest/stream/viewer_messages.hpp"

#include <catch2/catch.hpp>

using namespace aerie::stream;

namespace {

Refusal refusal_of(std::string_view bytes) {
  const auto message = parse_viewer_message(bytes);
  return message ? Refusal{"accepted"} : message.error();
}

template <class T>
T read(std::string_view bytes) {
  const auto message = parse_viewer_message(bytes);
  REQUIRE(message);
  REQUIRE(std::holds_alternative<T>(*message));
  return std::get<T>(*message);
}

}  // namespace

TEST_CASE("the wish to record is read", "[viewer-messages]") {
  CHECK(std::get<RecordRequest>(*parse_viewer_message(R"({"type":"record","on":true})")).on);
  CHECK(parse_viewer_message(R"({"type":"record","on":1})").error() == Refusal{"bad-field", "on"});
}

TEST_CASE("every message of a viewer is read", "[viewer-messages]") {
  const auto key = read<KeyEvent>(R"({"type":"key","keysym":65293,"down":true})");
  CHECK(key.keysym == 65293);
  CHECK(key.down);
  const auto button =
      read<ButtonEvent>(R"({"type":"button","button":3,"down":false,"x":4,"y":5,"n":6})");
  CHECK(button.button == 3);
  CHECK(button.at == Point{4, 5});
  CHECK(button.n == 6U);
  CHECK(read<MoveEvent>(R"({"type":"move","x":10.6,"y":-20,"n":7})").at == Point{11, -20});
  CHECK_FALSE(read<MoveEvent>(R"({"type":"move","x":1,"y":2})").n);
  const auto wheel = read<WheelEvent>(R"({"type":"wheel","dx":0,"dy":-0.5})");
  CHECK(wheel.dy == -0.5);
  CHECK_FALSE(wheel.at);
  CHECK(read<TextEvent>(R"({"type":"text","text":"a\u20ac"})").text == U"a\u20ac");
  CHECK(read<ClipboardEvent>(R"({"type":"clipboard","text":"copied"})").text == "copied");
  read<ReleaseAll>(R"({"type":"release-all","more":[1]})");
  CHECK(read<DisplayRequest>(R"({"type":"display","width":1280,"height":720})").height == 720);
}

TEST_CASE("each wrong message is refused with its reason and field", "[viewer-messages]") {
  const auto [bytes, reason, field] = GENERATE(table<std::string, std::string, std::string>({
      {"", "bad-json", ""},
      {"{", "bad-json", ""},
      {"[]", "bad-json", ""},
      {"7", "bad-json", ""},
      {"{\"type\":[[[[[[1]]]]]]}", "bad-json", ""},
      {"{}", "missing-field", "type"},
      {R"({"type":1})", "unknown-type", "type"},
      {R"({"type":"fly"})", "unknown-type", "type"},
      {R"({"type":"key","down":true})", "missing-field", "keysym"},
      {R"({"type":"key","keysym":0,"down":true})", "bad-field", "keysym"},
      {R"({"type":"key","keysym":-1,"down":true})", "bad-field", "keysym"},
      {R"({"type":"key","keysym":536870912,"down":true})", "bad-field", "keysym"},
      {R"({"type":"key","keysym":18446744073709551615,"down":true})", "bad-field", "keysym"},
      {R"({"type":"key","keysym":"a","down":true})", "bad-field", "keysym"},
      {R"({"type":"key","keysym":97})", "missing-field", "down"},
      {R"({"type":"key","keysym":97,"down":1})", "bad-field", "down"},
      {R"({"type":"button","button":0,"down":true})", "bad-field", "button"},
      {R"({"type":"button","button":10,"down":true})", "bad-field", "button"},
      {R"({"type":"button","button":1,"down":true,"x":1})", "missing-field", "y"},
      {R"({"type":"button","button":1,"down":true,"n":-1})", "bad-field", "n"},
      {R"({"type":"move","x":1})", "missing-field", "y"},
      {R"({"type":"move","x":1e300,"y":1})", "bad-field", "x"},
      {R"({"type":"move","x":1,"y":null})", "bad-field", "y"},
      {R"({"type":"move","x":1,"y":1,"n":1.5})", "bad-field", "n"},
      {R"({"type":"wheel","dx":1})", "missing-field", "dy"},
      {R"({"type":"wheel","dx":0,"dy":101})", "bad-field", "dy"},
      {R"({"type":"text"})", "missing-field", "text"},
      {R"({"type":"text","text":7})", "bad-field", "text"},
      {R"({"type":"clipboard","text":{}})", "bad-field", "text"},
      {R"({"type":"display","width":63,"height":720})", "bad-field", "width"},
      {R"({"type":"display","width":640,"height":2161})", "bad-field", "height"},
      {"{\"type\":\"text\",\"text\":\"\xff\"}", "bad-json", ""},
  }));
  CAPTURE(bytes);
  const auto refusal = refusal_of(bytes);
  CHECK(refusal.reason == reason);
  CHECK(refusal.field == field);
}

TEST_CASE("16 KiB for a message, 60 KiB for the clipboard", "[viewer-messages]") {
  const auto sized = [](const std::string& type, std::size_t bytes) {
    const auto frame = R"({"type":")" + type + R"(","text":""})";
    return R"({"type":")" + type + R"(","text":")" + std::string(bytes - frame.size(), 'x') + "\"}";
  };
  CHECK(refusal_of(sized("text", max_message_bytes)).reason == "accepted");
  CHECK(refusal_of(sized("text", max_message_bytes + 1)).reason == "too-large");
  CHECK(refusal_of(sized("clipboard", max_clipboard_bytes)).reason == "accepted");
  CHECK(refusal_of(sized("clipboard", max_clipboard_bytes + 1)).reason == "too-large");
}
