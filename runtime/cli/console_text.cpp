#include "runtime/cli/console_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>

#include "messages/time.hpp"
#include "runtime/cli/terminal_text.hpp"
#include "runtime/cli/why_text.hpp"

namespace aerie::cli {
namespace {

/// A field's text; numbers as they are, absent and null as nothing.
std::string field(const Json& json, std::string_view key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return "";
  if (found->is_string()) return terminal_text(found->get<std::string>());
  if (found->is_number_float()) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", found->get<double>());
    return text.data();
  }
  return terminal_text(found->dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// What stands in a column, and above it.
struct Column {
  std::string_view title;
  std::string_view key;
};

std::vector<Column> columns_of(std::string_view command) {
  if (command == "ps")
    return {{"VM", "vm"},
            {"CHILD", "child"},
            {"PID", "pid"},
            {"STATE", "state"},
            {"RESTARTS", "restarts"},
            {"CPU", "cpuMs"},
            {"MEMORY", "memoryKiB"},
            {"AGE", "since"}};
  if (command == "top")
    return {{"ID", "id"},
            {"KIND", "kind"},
            {"NAME", "name"},
            {"MSG/S", "messagesPerSecond"},
            {"BUSY %", "busyPercent"},
            {"MAILBOX", "mailbox"},
            {"OLDEST MS", "oldestMs"},
            {"P50 US", "p50Us"},
            {"P99 US", "p99Us"}};
  if (command == "leases")
    return {{"KIND", "kind"}, {"NAME", "name"}, {"VM", "vm"}, {"SESSION", "session"}};
  if (command == "holds")
    return {{"SESSION", "session"}, {"STATE", "state"}, {"NAME", "name"}, {"REASON", "reason"}};
  return {};
}

std::string cell_of(const Json& item, const Column& column) {
  if (column.key == "memoryKiB" && item.contains("memoryKiB"))
    return size_text(item["memoryKiB"].get<double>());
  if (column.key == "cpuMs" && item.contains("cpuMs")) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f s", item["cpuMs"].get<double>() / 1000);
    return text.data();
  }
  if (column.key == "since") return age_text(item.value("since", ""));
  return field(item, column.key);
}

std::string table_text(const std::vector<Column>& columns, const std::vector<Json>& items) {
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& column : columns)
    rows.front().emplace_back(column.title);
  for (const auto& item : items) {
    rows.emplace_back();
    for (const auto& column : columns)
      rows.back().push_back(cell_of(item, column));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(i + 1 == row.size() ? 0 : widths[i] - row[i].size() + 2, ' ');
    text += line + "\n";
  }
  return text;
}

void put_node(std::ostream& out, const Json& node, const std::string& margin, bool is_last,
              bool is_root) {
  out << margin << (is_root ? "" : is_last ? "└─ " : "├─ ") << field(node, "kind");
  if (const auto name = field(node, "name"); name != field(node, "kind")) out << " " << name;
  if (node.value("kind", "") != "child") out << " " << field(node, "id");
  out << "  " << field(node, "state");
  if (node.contains("pid")) out << "  pid " << field(node, "pid");
  if (node.value("mailbox", 0) > 0) out << "  waiting " << field(node, "mailbox");
  if (node.value("processed", 0) > 0) out << "  handled " << field(node, "processed");
  if (node.value("restarts", 0) > 0) out << "  restarts " << field(node, "restarts");
  if (const auto figures = figures_text(node.value("figures", Json{})); !figures.empty())
    out << "  " << figures;
  out << "  " << age_text(node.value("since", "")) << "\n";
  const auto below = margin + (is_root ? "" : is_last ? "   " : "│  ");
  if (const auto reason = field(node, "reason"); !reason.empty())
    out << below << "   " << reason << "\n";
  else if (const auto last = last_cause_text(node); !last.empty())
    out << below << "   last end: " << terminal_text(last) << "\n";
  const auto children = node.find("children");
  if (children == node.end()) return;
  for (std::size_t i = 0; i < children->size(); ++i)
    put_node(out, (*children)[i], below, i + 1 == children->size(), false);
}

std::string inspection_text(const Json& json) {
  std::ostringstream out;
  out << field(json, "kind") << " " << field(json, "id") << ": " << field(json, "state") << "\n";
  for (const auto* key : {"reason", "note", "since", "began", "pid", "parent", "mailbox",
                          "oldestMs", "processed", "restarts", "deadLetters"})
    if (const auto text = field(json, key); !text.empty())
      out << "  " << key << ": " << text << "\n";
  if (const auto last = last_cause_text(json); !last.empty())
    out << "  last end: " << terminal_text(last) << "\n";
  if (const auto parts = json.find("parts"); parts != json.end()) {
    out << "parts\n";
    for (const auto& [name, part] : parts->items())
      put_node(out, part, "  ", true, true);
  }
  const auto put = [&](const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || found->empty()) return;
    out << key << "\n";
    if (found->is_array())
      for (const auto& each : *found)
        out << "  " << field(each, "kind") << " " << field(each, "id") << "\n";
    else
      for (const auto& [name, value] : found->items())
        if (!value.is_null())
          out << "  " << terminal_text(name) << ": " << field(*found, name) << "\n";
  };
  put("messages");
  put("handling");
  put("monitors");
  put("own");
  return out.str();
}

std::string checks_text(const Json& json) {
  std::ostringstream out;
  for (const auto& check : json.value("checks", Json::array())) {
    const auto remedy = field(check, "remedy");
    out << (!check.value("ok", false) ? "FAIL  "
            : remedy.empty()          ? "ok    "
                                      : "note  ")
        << field(check, "name") << ": " << field(check, "message") << "\n";
    if (!remedy.empty()) out << "      " << remedy << "\n";
  }
  return out.str();
}

std::string help_text(const Json& json) {
  constexpr std::size_t width = 40;
  std::string text;
  for (const auto& each : json["commands"]) {
    auto left = "  " + field(each, "name") + " " + field(each, "usage");
    if (left.size() < width) left.resize(width, ' ');
    text += left + " " + field(each, "summary") + "\n";
  }
  return text;
}

}  // namespace

std::string figures_text(const Json& figures) {
  std::string text;
  const auto add = [&](const char* name, const char* format, double unit = 1) {
    const auto found = figures.is_object() ? figures.find(name) : figures.end();
    if (found == figures.end() || !found->is_number()) return;
    std::array<char, 48> part{};
    std::snprintf(part.data(), part.size(), format, found->get<double>() / unit);
    text += (text.empty() || part[0] == ' ' ? "" : ", ") + std::string{part.data()};
  };
  add("framesPerSecond", "%.0f fps");
  add("bitsPerSecond", "%.1f Mbit/s", 1e6);
  add("encodeP50Ms", "encode %.1f ms");
  add("roundTripMs", "round trip %.1f ms");
  add("targetBitsPerSecond", "network %.1f Mbit/s", 1e6);
  add("lossPercent", "loss %.1f %%");
  add("poolReady", "%.0f warm");
  add("poolWanted", " of %.0f");
  return text;
}

std::string last_cause_text(const Json& node) {
  const auto found = node.find("lastCause");
  return found != node.end() && found->is_object() ? found->value("message", "") : "";
}

std::string size_text(double kib) {
  constexpr std::array<const char*, 4> units{"KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (kib >= 1024 && unit + 1 < units.size()) {
    kib /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), kib < 10 && unit > 0 ? "%.1f %s" : "%.0f %s", kib,
                units[unit]);
  return text.data();
}

std::string age_text(const std::string& since) {
  const auto at = from_rfc3339(since);
  if (!at) return "";
  const auto seconds =
      std::max<std::int64_t>(std::chrono::floor<std::chrono::seconds>(wall_now() - *at).count(), 0);
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600)
    return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  if (seconds < 86'400)
    return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
  return std::to_string(seconds / 86'400) + " d " + std::to_string(seconds / 3600 % 24) + " h";
}

std::string document_text(std::string_view command, const Json& document) {
  if (command == "tree") {
    std::ostringstream out;
    if (document.is_object()) put_node(out, document, "", true, true);
    return out.str();
  }
  if (command == "why" && document.contains("subject") && document.contains("timeline"))
    return why_text(document);
  if (command == "inspect" || command == "why") return inspection_text(document);
  if (command == "doctor") return checks_text(document);
  if (command == "help") return help_text(document);
  std::string text;
  for (const auto& [key, value] : document.items()) {
    if (value.is_object()) {
      for (const auto& [inner, each] : value.items())
        text += key + "." + terminal_text(inner) + ": " + field(value, inner) + "\n";
    } else {
      text += terminal_text(key) + ": " + field(document, key) + "\n";
    }
  }
  return text;
}

std::string item_text(std::string_view command, const Json& item) {
  if (command == "logs") return field(item, "child") + ": " + field(item, "line") + "\n";
  if (command == "events") {
    std::string text = field(item, "seq") + "  " + field(item, "at") + "  " + field(item, "kind");
    for (const auto* key : {"session", "vm", "child"})
      if (const auto value = field(item, key); !value.empty())
        text += "  " + std::string{key} + "=" + value;
    return text + "  " + field(item, "data") + "\n";
  }
  if (command == "trace") {
    auto text = field(item, "at") + (item.value("direction", "") == "in" ? "  ← " : "  → ") +
                field(item, "type");
    if (const auto other = field(item, "other"); !other.empty())
      text += (item.value("direction", "") == "in" ? "  from " : "  to ") + other;
    if (item.contains("tookUs")) text += "  " + field(item, "tookUs") + " µs";
    if (item.contains("leftOut")) text += "  (" + field(item, "leftOut") + " left out before)";
    return text + "\n";
  }
  if (command == "top" && item.is_array())
    return list_text(command, item.get<std::vector<Json>>()) + "\n";
  return terminal_text(item.dump(-1, ' ', false, Json::error_handler_t::replace)) + "\n";
}

std::string list_text(std::string_view command, const std::vector<Json>& items) {
  const auto columns = columns_of(command);
  if (!columns.empty()) return table_text(columns, items);
  std::string text;
  for (const auto& item : items)
    text += item_text(command, item);
  return text;
}

}  // namespace aerie::cli
