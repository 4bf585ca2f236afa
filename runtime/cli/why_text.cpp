#include "runtime/cli/why_text.hpp"

#include <sstream>

#include "runtime/cli/terminal_text.hpp"

namespace aerie {
namespace {

/// A field's text; numbers as JSON, absent and null as nothing.
std::string field(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key) || json[key].is_null()) return "";
  return terminal_text(json[key].is_string() ? json[key].get<std::string>() : json[key].dump());
}

void put_lines(std::ostream& out, const Json& json, const char* key, const char* margin) {
  if (!json.contains(key) || !json[key].is_array()) return;
  for (const auto& line : json[key])
    if (line.is_string()) out << margin << "| " << terminal_text(line.get<std::string>()) << "\n";
}

void put_exits(std::ostream& out, const Json& exits) {
  if (!exits.is_array() || exits.empty()) return;
  out << "exits\n";
  for (const auto& exit : exits) {
    out << "  " << field(exit, "at") << "  " << field(exit, "child") << "  " << field(exit, "kind")
        << ": " << field(exit, "message") << "\n";
    if (const auto remedy = field(exit, "remedy"); !remedy.empty()) out << "    " << remedy << "\n";
    put_lines(out, exit, "tail", "    ");
  }
}

void put_timeline(std::ostream& out, const Json& timeline) {
  if (!timeline.is_array() || timeline.empty()) return;
  out << "timeline\n";
  for (const auto& entry : timeline)
    out << "  " << field(entry, "at") << "  " << field(entry, "kind") << "  "
        << field(entry, "detail") << "\n";
}

void put_retirement(std::ostream& out, const Json& retirement) {
  if (!retirement.is_object()) return;
  out << "retirement " << field(retirement, "reason") << " by " << field(retirement, "by") << "\n";
  for (const auto& answer : retirement.value("answers", Json::array()))
    out << "  " << field(answer, "who") << " " << field(answer, "answer") << " "
        << field(answer, "why") << "\n";
}

}  // namespace

std::string why_text(const Json& why) {
  std::ostringstream out;
  const auto subject = why.value("subject", Json::object());
  out << field(subject, "kind") << " " << field(subject, "id") << ": " << field(why, "state");
  if (const auto stage = field(why, "stage"); !stage.empty()) out << " (stage " << stage << ")";
  out << "\n";
  const auto cause = why.value("cause", Json());
  if (cause.is_object()) {
    out << "cause " << field(cause, "kind") << ": " << field(cause, "message") << "\n";
    if (const auto remedy = field(cause, "remedy"); !remedy.empty()) out << "  " << remedy << "\n";
    put_lines(out, cause, "evidence", "  ");
  } else {
    out << "nothing is wrong\n";
  }
  put_exits(out, why.value("exits", Json()));
  put_timeline(out, why.value("timeline", Json()));
  put_retirement(out, why.value("retirement", Json()));
  const auto logs = why.value("logs", Json::object());
  if (logs.is_object())
    for (const auto& [child, path] : logs.items())
      out << "log of " << terminal_text(child) << ": " << field(logs, child.c_str()) << "\n";
  return out.str();
}

}  // namespace aerie
