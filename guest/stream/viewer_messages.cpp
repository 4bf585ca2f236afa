#include "guest/stream/viewer_messages.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "guest/stream/unicode.hpp"

namespace aerie::stream {
namespace {

using Json = nlohmann::json;

constexpr int deepest = 4;
constexpr double furthest_pixel = 1e6;
constexpr double most_notches = 100;
constexpr std::int64_t largest_keysym = 0x1FFFFFFF;  // X11 protocol, appendix A: 29 bits
constexpr std::int64_t largest_sequence = std::int64_t{1} << 53;  // what a script can count to

const Json& require(const Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) throw Refusal{"missing-field", field};
  return *found;
}

std::int64_t integer(const Json& object, const char* field, std::int64_t low, std::int64_t high) {
  const auto& value = require(object, field);
  if (!value.is_number_integer()) throw Refusal{"bad-field", field};
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(high))
    throw Refusal{"bad-field", field};
  const auto number = value.get<std::int64_t>();
  if (number < low || number > high) throw Refusal{"bad-field", field};
  return number;
}

double real(const Json& object, const char* field, double limit) {
  const auto& value = require(object, field);
  if (!value.is_number()) throw Refusal{"bad-field", field};
  const auto number = value.get<double>();
  if (!std::isfinite(number) || std::abs(number) > limit) throw Refusal{"bad-field", field};
  return number;
}

bool truth(const Json& object, const char* field) {
  const auto& value = require(object, field);
  if (!value.is_boolean()) throw Refusal{"bad-field", field};
  return value.get<bool>();
}

std::string text(const Json& object) {
  const auto& value = require(object, "text");
  if (!value.is_string()) throw Refusal{"bad-field", "text"};
  return value.get<std::string>();
}

Point point(const Json& object) {
  return {static_cast<int>(std::lround(real(object, "x", furthest_pixel))),
          static_cast<int>(std::lround(real(object, "y", furthest_pixel)))};
}

std::optional<Point> optional_point(const Json& object) {
  if (!object.contains("x") && !object.contains("y")) return std::nullopt;
  return point(object);
}

std::optional<std::uint64_t> sequence(const Json& object) {
  if (!object.contains("n")) return std::nullopt;
  return static_cast<std::uint64_t>(integer(object, "n", 0, largest_sequence));
}

TextEvent text_event(const Json& object) {
  auto decoded = decode_utf8(text(object));
  if (!decoded) throw Refusal{"bad-field", "text"};
  return {std::move(*decoded)};
}

ViewerMessage parse(const Json& message) {
  const auto& type = require(message, "type");
  if (type == "move") return MoveEvent{point(message), sequence(message)};
  if (type == "key")
    return KeyEvent{static_cast<std::uint32_t>(integer(message, "keysym", 1, largest_keysym)),
                    truth(message, "down")};
  if (type == "button")
    return ButtonEvent{static_cast<std::uint8_t>(integer(message, "button", 1, 9)),
                       truth(message, "down"), optional_point(message), sequence(message)};
  if (type == "wheel")
    return WheelEvent{real(message, "dx", most_notches), real(message, "dy", most_notches),
                      optional_point(message), sequence(message)};
  if (type == "text") return text_event(message);
  if (type == "clipboard") return ClipboardEvent{text(message)};
  if (type == "release-all") return ReleaseAll{};
  if (type == "display")
    return DisplayRequest{static_cast<int>(integer(message, "width", 64, 3840)),
                          static_cast<int>(integer(message, "height", 64, 2160))};
  if (type == "record") return RecordRequest{truth(message, "on")};
  throw Refusal{"unknown-type", "type"};
}

/// Parses with bounded depth; discarded when it is not JSON.
Json parse_json(std::string_view bytes) {
  bool too_deep = false;
  const auto guard = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > deepest;
    return !too_deep;
  };
  auto json = Json::parse(bytes, guard, /*allow_exceptions=*/false);
  return too_deep ? Json(Json::value_t::discarded) : json;
}

}  // namespace

tl::expected<ViewerMessage, Refusal> parse_viewer_message(std::string_view bytes) {
  if (bytes.size() > max_clipboard_bytes) return tl::unexpected(Refusal{"too-large"});
  const auto json = parse_json(bytes);
  if (!json.is_object()) return tl::unexpected(Refusal{"bad-json"});
  if (bytes.size() > max_message_bytes && json.value("type", Json{}) != "clipboard")
    return tl::unexpected(Refusal{"too-large"});
  try {
    return parse(json);
  } catch (const Refusal& refusal) {
    return tl::unexpected(refusal);
  }
}

}  // namespace aerie::stream
