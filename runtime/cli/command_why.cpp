#include <filesystem>
#include <fstream>
#include <iostream>

#include "actors/ledger/why_document.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/http_get.hpp"
#include "runtime/cli/why_text.hpp"
#include "runtime/store/sqlite.hpp"
#include "runtime/store/store_reader.hpp"

namespace aerie::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_events = 100'000;

std::string first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

int show(const Json& why, bool as_json) {
  if (as_json)
    std::cout << why.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  else
    std::cout << why_text(why);
  return fine;
}

int tell_unknown(const std::string& id, const std::string& state) {
  tell_error("There is no session, VM or child " + id + ".",
             "Give a whole id, or SESSION/CHILD, and the right --state (now " + state + ").");
  return answer_is_no;
}

int tell_refusal(const HttpAnswer& answer) {
  const auto body = Json::parse(answer.body, nullptr, false);
  std::string message = "status " + std::to_string(answer.status);
  if (body.is_object() && body.value("error", Json()).is_object())
    message = body["error"].value("message", message);
  tell_error("The controller refused: " + message + ".",
             "See that operator.token in the state directory belongs to the running controller.");
  return answer_is_no;
}

/// Explains from what the store holds, for when no controller runs.
Result<Json> explain_from_store(const std::string& state, const std::string& id) {
  auto database = Database::open(state + "/aerie.db");
  if (!database) return tl::unexpected(database.error());
  const auto contents = read_contents(*database, most_events);
  if (!contents) return tl::unexpected(contents.error());
  const auto slash = id.find('/');
  const auto subject = id.substr(0, slash);
  for (const auto& session : contents->sessions) {
    if (session->id != subject && session->vm_id != subject) continue;
    Timeline timeline;
    for (const auto& event : contents->events)
      if (event->session == session->id) timeline.push_back(event);
    if (slash != std::string::npos) return explain_child(*session, id.substr(slash + 1), timeline);
    return explain_session(*session, timeline);
  }
  return Json(nullptr);
}

int why_without_controller(const std::string& state, const std::string& id, bool as_json,
                           const Cause& unreachable) {
  std::error_code error;
  if (!fs::exists(fs::path(state) / "aerie.db", error)) {
    tell_error(unreachable.message, unreachable.remedy);
    return answer_is_no;
  }
  const auto why = explain_from_store(state, id);
  if (!why) {
    tell_error(why.error().message, why.error().remedy);
    return answer_is_no;
  }
  return why->is_null() ? tell_unknown(id, state) : show(*why, as_json);
}

}  // namespace

int run_why(const CommonOptions& options, const std::string& id, bool as_json) {
  const auto state = state_directory(options.state);
  const auto address = first_line(fs::path(state) / "address");
  if (address.empty())
    return why_without_controller(
        state, id, as_json,
        {CauseKind::link_lost,
         "No controller has run in " + state + ".",
         "Start it with aerie serve, or name its state directory with --state.",
         {}});
  const auto token = first_line(fs::path(state) / "operator.token");
  const auto answer = http_get(address, "/api/v1/why/" + encode_path(id), token);
  if (!answer) return why_without_controller(state, id, as_json, answer.error());
  if (answer->status == 404) return tell_unknown(id, state);
  const auto why = Json::parse(answer->body, nullptr, false);
  if (answer->status != 200 || !why.is_object()) return tell_refusal(*answer);
  return show(why, as_json);
}

}  // namespace aerie::cli
