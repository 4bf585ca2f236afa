#include "runtime/cli/screen/details.hpp"

#include <sstream>

#include "runtime/cli/console_text.hpp"
#include "runtime/cli/terminal_text.hpp"

namespace aerie::cli {

std::string_view to_string(DetailKind kind) {
  switch (kind) {
    case DetailKind::why:
      return "why";
    case DetailKind::logs:
      return "logs";
    case DetailKind::events:
      return "events";
    case DetailKind::inspect:
      return "inspect";
    case DetailKind::leases:
      return "leases";
    case DetailKind::holds:
      return "holds";
  }
  return "";
}

std::string Details::begin(DetailKind kind, const std::string& id, const std::string& node_kind) {
  kind_ = kind;
  is_other_ = false;
  subject_ = id;
  lines_.clear();
  items_.clear();
  // A guest's process stands for itself in `why` and in its log, else its guest does.
  const bool is_child = node_kind == "child";
  const auto owner = id.substr(0, id.find('/'));
  const bool has_session = node_kind == "session" || node_kind == "vm" || is_child;
  owner_ = has_session ? owner : "";
  switch (kind) {
    case DetailKind::why:
      return "why " + id;
    case DetailKind::logs:
      if (!has_session) break;
      return "logs " + (is_child ? id : owner) + " -f --tail 200";
    case DetailKind::events:
      return has_session ? "events " + owner + " -f --tail 200" : "events -f --tail 200";
    case DetailKind::inspect:
      return "inspect " + owner;
    case DetailKind::leases:
      return "leases";
    case DetailKind::holds:
      return "holds";
  }
  lines_.emplace_back("There is no log of this.");
  return {};
}

void Details::take(const Json& message) {
  const auto name = to_string(kind_);
  if (const auto document = message.find("document"); document != message.end())
    add(document_text(name, *document));
  else if (const auto item = message.find("item"); item != message.end()) {
    // A list is shown when it is whole, in columns.
    if (is_list()) {
      const auto is_owner = [&](const char* field) { return item->value(field, Json{}) == owner_; };
      if (owner_.empty() || is_owner("session") || is_owner("vm")) items_.push_back(*item);
    } else {
      add(item_text(name, *item));
    }
  } else if (const auto end = message.find("end"); end != message.end()) {
    const auto fault = end->value("fault", Json());
    if (is_list()) add(items_.empty() ? "There are none." : list_text(name, items_));
    if (fault.is_object())
      add(terminal_text(fault.value("message", "")) + "\n" +
          terminal_text(fault.value("remedy", "")));
  }
}

void Details::add(const std::string& text) {
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);)
    lines_.push_back(std::move(line));
  while (lines_.size() > most_lines)
    lines_.pop_front();
}

}  // namespace aerie::cli
