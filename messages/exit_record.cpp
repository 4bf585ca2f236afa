#include "messages/exit_record.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace aerie {
namespace {

constexpr std::size_t most_text = 4096;
constexpr std::size_t most_lines = 50;

template <class T>
void put(Json& json, const char* name, const std::optional<T>& value) {
  if (value) json[name] = *value;
}

template <class T>
std::optional<T> get(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return found->get<T>();
}

/// Cuts within a byte budget, never inside a UTF-8 sequence.
void cut(std::string& text) {
  if (text.size() <= most_text) return;
  std::size_t end = most_text;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;
  text.resize(end);
}

void cut(std::optional<std::string>& text) {
  if (text) cut(*text);
}

Cause malformed(const std::string& field) {
  return {CauseKind::link_violation,
          "An exit record's field " + field + " is missing or malformed.",
          "The guest's program is of another version, or lies; replace the guest.",
          {}};
}

/// Fields in the order in which they are checked, with what each must be.
struct Field {
  const char* name;
  bool (*fits)(const Json&);
  bool required;
};

bool is_text(const Json& json) {
  return json.is_string();
}
bool is_count(const Json& json) {
  return json.is_number_integer() && json.get<double>() >= 0 && json.get<double>() <= 9e15;
}
bool is_code(const Json& json) {
  return is_count(json) && json.get<double>() <= 255;
}
bool is_pid(const Json& json) {
  return is_count(json) && json.get<double>() <= 4194304;
}
bool is_kind(const Json& json) {
  return is_text(json) && cause_kind(json.get<std::string>());
}
bool is_instant(const Json& json) {
  return is_text(json) && from_rfc3339(json.get<std::string>());
}
bool is_lines(const Json& json) {
  return json.is_array() && std::all_of(json.begin(), json.end(), is_text);
}

constexpr std::array fields{
    Field{"child", is_text, true},     Field{"pid", is_pid, false},
    Field{"kind", is_kind, true},      Field{"message", is_text, true},
    Field{"code", is_code, false},     Field{"signal", is_text, false},
    Field{"errno", is_text, false},    Field{"by", is_text, false},
    Field{"uptimeMs", is_count, true}, Field{"restarts", is_count, true},
    Field{"at", is_instant, true},     Field{"tail", is_lines, true},
    Field{"remedy", is_text, false},
};

}  // namespace

void to_json(Json& json, const ExitRecord& record) {
  json = Json{{"child", record.child},       {"kind", to_string(record.kind)},
              {"message", record.message},   {"uptimeMs", record.uptime_ms},
              {"restarts", record.restarts}, {"at", to_rfc3339(record.at)},
              {"tail", record.tail}};
  put(json, "pid", record.pid);
  put(json, "code", record.code);
  put(json, "signal", record.signal);
  put(json, "errno", record.errno_name);
  put(json, "by", record.by);
  put(json, "remedy", record.remedy);
}

void from_json(const Json& json, ExitRecord& record) {
  record.child = json.at("child").get<std::string>();
  record.pid = get<std::int64_t>(json, "pid");
  record.kind = Json{{"kind", json.at("kind")}}.get<Cause>().kind;
  record.message = json.at("message").get<std::string>();
  record.code = get<int>(json, "code");
  record.signal = get<std::string>(json, "signal");
  record.errno_name = get<std::string>(json, "errno");
  record.by = get<std::string>(json, "by");
  record.uptime_ms = json.at("uptimeMs").get<std::int64_t>();
  record.restarts = json.at("restarts").get<std::int64_t>();
  const auto at = from_rfc3339(json.at("at").get<std::string>());
  if (!at) throw Json::other_error::create(502, "malformed instant in an exit record", &json);
  record.at = *at;
  record.tail = json.at("tail").get<std::vector<std::string>>();
  record.remedy = get<std::string>(json, "remedy");
}

Result<ExitRecord> parse_exit_record(const Json& json) {
  if (!json.is_object()) return tl::unexpected(malformed("(all of it)"));
  for (const auto& field : fields) {
    const auto found = json.find(field.name);
    if (found == json.end() ? field.required : !field.fits(*found))
      return tl::unexpected(malformed(field.name));
  }
  auto record = json.get<ExitRecord>();
  for (auto* text : {&record.child, &record.message})
    cut(*text);
  for (auto* text : {&record.signal, &record.errno_name, &record.by, &record.remedy})
    cut(*text);
  if (record.tail.size() > most_lines)
    record.tail.erase(record.tail.begin(),
                      record.tail.end() - static_cast<std::ptrdiff_t>(most_lines));
  for (auto& line : record.tail)
    cut(line);
  return record;
}

Cause cause_of(const ExitRecord& record) {
  return {record.kind, record.message, record.remedy.value_or(""), record.tail};
}

}  // namespace aerie
