#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "actors/ledger/why_document.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/http_get.hpp"
#include "runtime/cli/why_text.hpp"
#include "runtime/secrets/identity.hpp"
#include "runtime/store/schema.hpp"
#include "runtime/store/sqlite.hpp"
#include "runtime/store/store_reader.hpp"
#include "runtime/tombstones/tombstone_reader.hpp"

namespace aerie::cli {
namespace {

namespace fs = std::filesystem;

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

/// The session that `subject` names, or whose guest it is; null: none.
SessionDocumentPtr session_of(const std::string& subject, const StoreContents& contents) {
  std::string id = subject;
  for (const auto& tombstone : contents.tombstones)
    if (std::count(tombstone.vms.begin(), tombstone.vms.end(), subject) > 0) id = tombstone.session;
  for (const auto& session : contents.sessions)
    if (session->id == id || session->vm_id == subject) return session;
  return nullptr;
}

bool is_buried(const std::string& session, const StoreContents& contents) {
  return std::any_of(contents.tombstones.begin(), contents.tombstones.end(),
                     [&](const TombstoneRecord& each) {
                       return each.session == session && each.state != TombstoneState::evidence;
                     });
}

/// Explains from what the store and the tombstones hold, for when no controller runs.
Result<Json> explain_from_store(const std::string& state, const std::string& id) {
  auto database = Database::open(state + "/aerie.db");
  if (!database) return tl::unexpected(database.error());
  if (auto prepared = prepare_schema(*database); !prepared) return tl::unexpected(prepared.error());
  const auto contents = read_contents(*database, 0);
  if (!contents) return tl::unexpected(contents.error());
  const auto slash = id.find('/');
  const auto subject = id.substr(0, slash);
  const auto child = slash == std::string::npos ? std::string{} : id.substr(slash + 1);
  const auto session = session_of(subject, *contents);
  if (!session) return Json(nullptr);
  const auto vm = session->id == subject ? std::string{} : subject;
  if (is_buried(session->id, *contents)) {
    const auto folder = Folder::open(state);
    if (!folder) return tl::unexpected(folder.error());
    return read_why(*folder, {session, vm, child});
  }
  Timeline timeline;
  for (const auto& event : contents->events)
    if (event->session == session->id && (vm.empty() || event->vm == vm)) timeline.push_back(event);
  if (!child.empty()) return explain_child(*session, child, timeline);
  if (!vm.empty()) return explain_vm(recall_vm(vm, timeline), timeline);
  return explain_session(*session, timeline);
}

/// Where the store can't be read a session's tombstone still speaks for itself.
Json explain_from_tombstone(const std::string& state, const std::string& id) {
  const auto folder = Folder::open(state);
  if (!folder || !is_uuid(id)) return nullptr;
  SessionDocument document;
  document.id = id;
  return read_why(*folder, {std::make_shared<const SessionDocument>(document), {}, {}});
}

int why_without_controller(const std::string& state, const std::string& id, bool as_json,
                           const Cause& unreachable) {
  std::error_code error;
  if (!fs::exists(fs::path(state) / "aerie.db", error)) {
    tell_error(unreachable.message, unreachable.remedy);
    return answer_is_no;
  }
  const auto why = explain_from_store(state, id);
  if (why) return why->is_null() ? tell_unknown(id, state) : show(*why, as_json);
  if (const auto kept = explain_from_tombstone(state, id); !kept.is_null())
    return show(kept, as_json);
  tell_error(why.error().message, why.error().remedy);
  return answer_is_no;
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
