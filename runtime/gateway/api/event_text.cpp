#include "runtime/gateway/api/event_text.hpp"

#include <charconv>

namespace aerie {

namespace {

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::uint64_t> number_of(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return number;
}

}  // namespace

std::string event_text(const Event& event) {
  return "id: " + std::to_string(event.seq) + "\nevent: " + event.kind +
         "\ndata: " + dump(Json(event)) + "\n\n";
}

std::string gap_text(std::uint64_t oldest) {
  return "event: gap\ndata: " + dump(Json{{"oldest", oldest}}) + "\n\n";
}

std::optional<std::uint64_t> begin_of(const HttpRequest& request) {
  if (const auto last = number_of(find_pair(request.headers, "last-event-id"))) return last;
  return number_of(find_pair(request.query, "since"));
}

}  // namespace aerie
