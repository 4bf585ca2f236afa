#include "actors/ledger/why_document.hpp"

#include <map>

namespace aerie {
namespace {

constexpr std::size_t max_exits = 100;

/// What the events say, each story told once for all subjects.
struct Story {
  Json exits = Json::array();
  Json timeline = Json::array();
  Json retirement = nullptr;
  std::string proposal;    ///< that `retirement` is about; made again after a keep
  Json trouble = nullptr;  ///< the cause of the newest child in trouble
  std::map<std::string, std::string> child_state;
  std::map<std::string, Json> child_cause;
};

std::string detail_of(const Event& event) {
  for (const auto* key : {"detail", "message", "state", "stage", "reason", "name"}) {
    const auto found = event.data.find(key);
    if (found != event.data.end() && found->is_string())
      return (event.child.empty() ? "" : event.child + ": ") + found->get<std::string>();
  }
  return event.child;
}

void tell_retirement(Story& story, const Event& event) {
  if (event.data.contains("subject")) return;  // of what a lost guest left, not of the session
  if (event.kind == "retire.proposed") {
    const auto id = event.data.value("proposal", "");
    const bool is_again = story.retirement.is_object() && story.proposal == id;
    auto answers = is_again ? story.retirement["answers"] : Json::array();
    story.proposal = id;
    story.retirement = Json{{"reason", event.data.value("reason", "")},
                            {"by", event.data.value("by", "")},
                            {"answers", std::move(answers)},
                            {"at", to_rfc3339(event.at)}};
  } else if (event.kind == "retire.answered" && story.retirement.is_object()) {
    story.retirement["answers"].push_back({{"who", event.data.value("who", "")},
                                           {"answer", event.data.value("answer", "")},
                                           {"why", event.data.value("why", "")},
                                           {"at", to_rfc3339(event.at)}});
  }
}

void tell_child(Story& story, const Event& event) {
  const auto verb = event.kind.substr(6);
  story.child_state[event.child] = verb;
  if (verb == "exited") {
    if (story.exits.size() == max_exits) story.exits.erase(story.exits.begin());
    story.exits.push_back(event.data);
    story.child_cause[event.child] = Json{{"kind", event.data.value("kind", "")},
                                          {"message", event.data.value("message", "")},
                                          {"remedy", event.data.value("remedy", "")},
                                          {"evidence", event.data.value("tail", Json::array())}};
  } else if (verb == "restarting" || verb == "given-up") {
    if (event.data.contains("cause")) story.child_cause[event.child] = event.data["cause"];
    story.trouble = story.child_cause[event.child];
  } else if (verb == "ready") {
    story.child_cause.erase(event.child);
    story.trouble = story.child_cause.empty() ? Json(nullptr) : story.child_cause.begin()->second;
  }
}

/// A guest that was lost is the trouble until the one in its place is ready.
void tell_vm(Story& story, const Event& event) {
  const auto state = event.data.value("state", "");
  if (state == to_string(VmState::failed) || event.kind == "vm.replaced")
    story.trouble = event.data.value("cause", Json{});
  else if (state == to_string(VmState::ready))
    story.trouble = nullptr;
}

/// A guest whose network fails is in trouble though it lives.
void tell_network(Story& story, const Event& event) {
  if (event.data.value("check", "") != "network") return;
  story.trouble = event.data.value("cause", Json{});
}

Story tell(const Timeline& timeline, const std::string& only_child = {}) {
  Story story;
  for (const auto& event : timeline) {
    if (!only_child.empty() && event->child != only_child) continue;
    story.timeline.push_back(
        {{"at", to_rfc3339(event->at)}, {"kind", event->kind}, {"detail", detail_of(*event)}});
    const auto cause = event->data.find("cause");
    if (cause != event->data.end()) story.timeline.back()["cause"] = *cause;
    if (event->kind.starts_with("child."))
      tell_child(story, *event);
    else if (event->kind == "vm.state" || event->kind == "vm.replaced")
      tell_vm(story, *event);
    else if (event->kind == "doctor.failed" || event->kind == "doctor.recovered")
      tell_network(story, *event);
    else
      tell_retirement(story, *event);
  }
  return story;
}

Json logs_of(const std::string& session, const std::string& folder, const Story& story) {
  Json logs = Json::object();
  if (session.empty()) return logs;
  const auto where = folder.empty() ? "sessions/" + session + "/logs" : folder;
  for (const auto& [child, state] : story.child_state)
    if (child != "vmm") logs[child] = where + "/" + child + ".log";
  return logs;
}

Json assemble(const char* kind, const std::string& id, Json state, Json cause, Json stage,
              const std::string& session, const std::string& folder, Story story) {
  auto logs = logs_of(session, folder, story);
  return Json{{"subject", {{"kind", kind}, {"id", id}}},
              {"state", std::move(state)},
              {"cause", std::move(cause)},
              {"stage", std::move(stage)},
              {"exits", std::move(story.exits)},
              {"timeline", std::move(story.timeline)},
              {"retirement", std::move(story.retirement)},
              {"logs", std::move(logs)}};
}

}  // namespace

Json explain_session(const SessionDocument& document, const Timeline& timeline,
                     const std::string& logs) {
  auto story = tell(timeline);
  const bool is_over = is_final(document.state);
  Json cause = document.cause ? Json(*document.cause) : is_over ? Json(nullptr) : story.trouble;
  Json stage = document.stage ? Json(to_string(*document.stage)) : Json(nullptr);
  return assemble("session", document.id, to_string(document.state), std::move(cause),
                  std::move(stage), document.id, logs, std::move(story));
}

Json explain_vm(const VmDocument& document, const Timeline& timeline, const std::string& logs) {
  auto story = tell(timeline);
  Json cause = document.cause ? Json(*document.cause) : story.trouble;
  return assemble("vm", document.id, to_string(document.state), std::move(cause), nullptr,
                  document.session, logs, std::move(story));
}

VmDocument recall_vm(const std::string& id, const Timeline& timeline) {
  VmDocument document;
  document.id = id;
  document.state = VmState::stopped;
  for (const auto& event : timeline) {
    if (!event->session.empty()) document.session = event->session;
    if (event->kind != "vm.state") continue;
    if (event->data.value("state", "") == to_string(VmState::failed))
      document.state = VmState::failed;
    if (const auto cause = event->data.find("cause"); cause != event->data.end())
      document.cause = cause->get<Cause>();
  }
  return document;
}

Json explain_child(const SessionDocument& document, const std::string& child,
                   const Timeline& timeline, const std::string& logs) {
  auto story = tell(timeline, child);
  const auto state = story.child_state.find(child);
  if (state == story.child_state.end()) return nullptr;
  const auto found = story.child_cause.find(child);
  Json cause = found == story.child_cause.end() ? Json(nullptr) : found->second;
  return assemble("child", document.id + "/" + child, state->second, std::move(cause), nullptr,
                  document.id, logs, std::move(story));
}

}  // namespace aerie
