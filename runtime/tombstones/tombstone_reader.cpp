#include "runtime/tombstones/tombstone_reader.hpp"

#include <exception>
#include <spdlog/spdlog.h>
#include <sstream>

#include "actors/ledger/why_document.hpp"

namespace aerie {
namespace {

constexpr std::size_t max_document = 16UL * 1024 * 1024;
constexpr std::size_t max_events_size = 64UL * 1024 * 1024;
constexpr std::size_t max_timeline = 4096;

std::optional<Event> event_of(const std::string& line) {
  const auto json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  Event event;
  event.seq = json.value("seq", std::uint64_t{0});
  event.at = from_rfc3339(json.value("at", "")).value_or(Instant{});
  event.kind = json.value("kind", "");
  event.session = json.value("session", "");
  event.vm = json.value("vm", "");
  event.child = json.value("child", "");
  event.data = json.value("data", Json::object());
  return event;
}

/// The newest events of a tombstone, of one guest or of all.
Timeline timeline_of(const Folder& tombstone, const std::string& vm) {
  Timeline timeline;
  std::istringstream text{tombstone.read("events.jsonl", max_events_size).value_or("")};
  for (std::string line; std::getline(text, line);) {
    auto event = event_of(line);
    if (!event || (!vm.empty() && event->vm != vm)) continue;
    timeline.push_back(std::make_shared<const Event>(*std::move(event)));
    if (timeline.size() > max_timeline) timeline.pop_front();
  }
  return timeline;
}

Json of_what_is_there(Json why, const Folder& tombstone) {
  if (!why.is_object()) return why;
  auto& logs = why["logs"];
  for (auto each = logs.begin(); each != logs.end();)
    each = tombstone.has("logs/" + each.key() + ".log") ? std::next(each) : logs.erase(each);
  return why;
}

Json answer_of(const Folder& state, const TombstoneQuestion& question) {
  const auto& document = *question.document;
  const auto place = "tombstones/" + document.id;
  const auto tombstone = state.find(place);
  if (!tombstone) return nullptr;
  if (!question.child.empty()) {
    const auto timeline = timeline_of(*tombstone, {});
    return of_what_is_there(explain_child(document, question.child, timeline, place + "/logs"),
                            *tombstone);
  }
  if (!question.vm.empty()) {
    const auto timeline = timeline_of(*tombstone, question.vm);
    if (timeline.empty()) return nullptr;
    const auto gone = recall_vm(question.vm, timeline);
    return of_what_is_there(explain_vm(gone, timeline, place + "/logs"), *tombstone);
  }
  const auto why =
      Json::parse(tombstone->read("why.json", max_document).value_or(""), nullptr, false);
  return why.is_object() ? why : Json(nullptr);
}

}  // namespace

Json read_why(const Folder& state, const TombstoneQuestion& question) {
  try {
    return answer_of(state, question);
  } catch (const std::exception& error) {
    spdlog::error("The tombstone of session '{}' can't be read: {}", question.document->id,
                  error.what());
    return nullptr;
  }
}

std::string last_lines(const std::string& text, std::size_t count) {
  auto begin = text.size();
  for (; count > 0 && begin > 0; --count) {
    const auto before = begin < 2 ? std::string::npos : text.rfind('\n', begin - 2);
    begin = before == std::string::npos ? 0 : before + 1;
  }
  return text.substr(begin);
}

std::optional<std::string> read_console(const Folder& state, const ConsoleQuery& query) {
  auto text = state.read("vms/" + query.vm + "/console.log", max_console_size);
  if (!text && query.session) {
    const auto place = "tombstones/" + query.session->id;
    text = query.session->vm_id == query.vm
               ? state.read(place + "/console.log", max_console_size)
               : state.read(place + "/console-" + query.vm + ".log", max_console_size);
    if (text == no_console_text(query.session->driver)) return std::nullopt;
  }
  if (text && query.tail) return last_lines(*text, *query.tail);
  return text;
}

std::string no_console_text(const std::string& driver) {
  return "The driver '" + driver +
         "' has given this guest no serial console; what its first process wrote is in "
         "logs/guest.log.\n";
}

}  // namespace aerie
