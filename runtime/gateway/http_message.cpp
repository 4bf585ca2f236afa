#include "runtime/gateway/http_message.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

namespace aerie {

namespace {

struct Reason {
  int status;
  std::string_view phrase;
};

constexpr std::array reasons{
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{304, "Not Modified"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{406, "Not Acceptable"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{410, "Gone"},
    Reason{411, "Length Required"},
    Reason{412, "Precondition Failed"},
    Reason{413, "Content Too Large"},
    Reason{415, "Unsupported Media Type"},
    Reason{422, "Unprocessable Content"},
    Reason{426, "Upgrade Required"},
    Reason{429, "Too Many Requests"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{503, "Service Unavailable"},
    Reason{504, "Gateway Timeout"},
};

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

}  // namespace

std::optional<std::string_view> find_pair(const Pairs& pairs, std::string_view name) {
  const auto found = std::find_if(pairs.begin(), pairs.end(),
                                  [&](const auto& pair) { return pair.first == name; });
  if (found == pairs.end()) return std::nullopt;
  return found->second;
}

std::string_view reason_phrase(int status) {
  const auto* const found = std::find_if(reasons.begin(), reasons.end(),
                                         [&](const Reason& one) { return one.status == status; });
  return found == reasons.end() ? std::string_view{"Unknown"} : found->phrase;
}

std::string to_lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
  return lowered;
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back()))
    text.remove_suffix(1);
  return text;
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (to_lower(trimmed(list.substr(0, comma))) == to_lower(token)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

HttpResponse error_response(int status, std::string_view code, std::string_view message,
                            std::string_view field) {
  Json error{{"code", code}, {"message", message}};
  if (!field.empty()) error["field"] = field;
  HttpResponse response;
  response.status = status;
  response.body = Json{{"success", false}, {"error", std::move(error)}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
  return response;
}

std::string http_date(std::chrono::sys_seconds at) {
  const std::time_t seconds = at.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto two = [](int value) {
    return std::string(1, static_cast<char>('0' + value / 10)) +
           static_cast<char>('0' + value % 10);
  };
  return std::string(days.at(static_cast<std::size_t>(parts.tm_wday))) + ", " + two(parts.tm_mday) +
         " " + months.at(static_cast<std::size_t>(parts.tm_mon)) + " " +
         std::to_string(parts.tm_year + 1900) + " " + two(parts.tm_hour) + ":" + two(parts.tm_min) +
         ":" + two(parts.tm_sec) + " GMT";
}

std::string serialize_head(const HttpResponse& response, const ResponseFraming& framing,
                           const Pairs& added) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " +
                     std::string(reason_phrase(response.status)) + "\r\n";
  const auto add = [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ");
    // A header never ends early because of what a value holds.
    for (const char c : value) {
      const bool printable =
          (c >= ' ' && c != 0x7f) || c == '\t' || static_cast<signed char>(c) < 0;
      head += printable ? c : ' ';
    }
    head.append("\r\n");
  };
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  if (framing.length) add("Content-Length", std::to_string(*framing.length));
  if (framing.chunked) add("Transfer-Encoding", "chunked");
  add("Connection", framing.keep_alive ? "keep-alive" : "close");
  for (const auto& [name, value] : response.headers)
    add(name, value);
  for (const auto& [name, value] : added) {
    const auto has_same_name = [&name = name](const auto& one) {
      return to_lower(one.first) == to_lower(name);
    };
    if (std::none_of(response.headers.begin(), response.headers.end(), has_same_name)) {
      add(name, value);
    }
  }
  head.append("\r\n");
  return head;
}

std::string chunk_of(std::string_view data) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string size;
  for (auto rest = data.size(); rest != 0; rest /= 16)
    size.insert(size.begin(), digits[rest % 16]);
  if (size.empty()) size = "0";
  return size + "\r\n" + std::string(data) + "\r\n";
}

std::optional<std::uint64_t> content_length(std::string_view value) {
  if (value.empty() || value.size() > 18) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return length;
}

}  // namespace aerie
