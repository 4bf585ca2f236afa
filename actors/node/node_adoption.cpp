#include <algorithm>
#include <set>

#include "actors/core/planted.hpp"
#include "actors/core/recall.hpp"
#include "actors/node/node.hpp"
#include "actors/session/session.hpp"
#include "actors/vm/vm.hpp"

namespace aerie {
namespace {

Cause lost(const std::string& what) {
  return {CauseKind::controller_restarted,
          what,
          "Start a new session; look for what ended the controller in its log.",
          {}};
}

/// The parts of one actor's memory, by what follows its id and `/`.
SessionMemories memories_of(const std::string& id, const std::map<std::string, Json>& all) {
  SessionMemories found;
  for (auto each = all.lower_bound(id); each != all.end() && each->first.starts_with(id); ++each)
    if (each->first == id)
      found[""] = each->second;
    else if (each->first[id.size()] == '/')
      found[each->first.substr(id.size() + 1)] = each->second;
  return found;
}

/// Sessions of which anything is remembered.
std::set<std::string> sessions_in(const std::map<std::string, Json>& memories) {
  std::set<std::string> ids;
  for (const auto& [subject, memory] : memories)
    if (memory.value("kind", "") != "vm") ids.insert(subject.substr(0, subject.find('/')));
  return ids;
}

/// What is written down of a guest besides its memory.
void add_from_store(VmMemory& memory, const std::string& id, const StoreContents& contents) {
  for (const auto& resource : contents.resources)
    if (resource.vm == id &&
        !(resource.kind == "directory" && is_planted(PlantedBug::forgotten_resource))) {
      memory.resources.push_back(resource);
      memory.resources.back().session = memory.document->session;
    }
  for (const auto& event : contents.events) {
    if (event->vm != id || event->kind != "child.exited") continue;
    memory.known_exits.emplace(
        event->child,
        exit_key(event->data.value("at", ""), event->data.value("restarts", std::int64_t{0})));
    if (event->data.value("kind", "") == to_string(CauseKind::oom_kill)) ++memory.spec.oom_kills;
  }
}

}  // namespace

/// The configured profile where it still is the same: then all that run it have one.
SharedValue<Profile> Node::shared(Profile profile) const {
  const auto known = environment_->profiles.find(profile.name);
  if (known != environment_->profiles.end() && *known->second == profile) return known->second;
  return profile;
}

void Node::remember_request(const std::string& id, const SessionEntry& entry) {
  const auto& request = entry.request;
  const auto display = request.display.value_or(entry.profile->display);
  send(environment_->directory.ledger(),
       Remember{id + "/request",
                recall::text({{"url", request.url},
                              {"hadEnv", entry.is_env_lost || !request.env.empty()},
                              {"hadDisplay", request.display.has_value()},
                              {"display", {display.width, display.height, display.fps}},
                              {"profile", *entry.profile}})});
}

/// First the guests, then the sessions they belong to; only then may they speak to each other.
void Node::adopt(const StoreContents& contents) {
  for (const auto& [subject, memory] : contents.memories)
    if (memory.value("kind", "") == "vm") adopt_vm(subject, memory, contents);
  for (const auto& id : sessions_in(contents.memories))
    adopt_session(id, contents);
  begin_adopted();
  collect_orphans(contents);
}

/// What is written down, was never released, and belongs to no guest that goes on.
void Node::collect_orphans(const StoreContents& contents) {
  for (const auto& resource : contents.resources) {
    if (vms_.contains(resource.vm)) continue;
    auto orphan = std::find_if(orphans_.begin(), orphans_.end(),
                               [&](const Orphan& each) { return each.vm == resource.vm; });
    if (orphan == orphans_.end())
      orphan = orphans_.insert(orphans_.end(),
                               {resource.vm,
                                resource.session,
                                "",
                                {},
                                {},
                                lost("Nothing is remembered of the guest " + resource.vm + "."),
                                {}});
    orphan->resources.push_back(resource);
    if (resource.kind != "address") continue;
    orphan->slot = addresses_.slot(resource.name);
    if (orphan->slot) addresses_.reserve(*orphan->slot);
  }
}

void Node::adopt_vm(const std::string& id, const Json& memory, const StoreContents& contents) {
  auto restored = restored_vm(id, memory);
  if (!restored) {
    Orphan orphan{
        id, memory.value("session", ""), memory.value("driver", ""), {}, {}, restored.error(), {}};
    if (memory.contains("slot") && memory["slot"].is_number_integer()) {
      orphan.slot = memory["slot"].get<int>();
      addresses_.reserve(*orphan.slot);
    }
    orphans_.push_back(std::move(orphan));
    return;
  }
  add_from_store(*restored, id, contents);
  auto& configure = restored->spec.configure;
  configure.profile = shared(*configure.profile);
  configure.orphan_after = environment_->settings.orphan_after;
  VmEntry entry;
  entry.slot = restored->spec.slot;
  entry.session = configure.session;
  entry.profile = configure.profile->name;
  entry.driver = restored->document->driver;
  entry.resources = configure.profile->resources;
  entry.is_over = restored->has_exited;
  addresses_.reserve(entry.slot);
  has_adopted_warm_ = has_adopted_warm_ || entry.session.empty();
  const auto owner = entry.session.empty() ? VmOwnerActor{self()} : VmOwnerActor{};
  entry.actor = spawn<Vm>(environment_, std::move(*restored), owner, address());
  monitor(entry.actor);
  vms_[id] = std::move(entry);
}

void Node::adopt_session(const std::string& id, const StoreContents& contents) {
  const auto stored = std::find_if(contents.sessions.begin(), contents.sessions.end(),
                                   [&](const auto& each) { return each->id == id; });
  // It could not be written when it was new, or it is over and somebody remembered too late.
  if (stored == contents.sessions.end() || !contents.memories.contains(id + "/request"))
    return send(environment_->directory.ledger(), Remember{id, {}});
  const auto& document = **stored;
  // It is over: the ledger sees to its tombstone.
  if (is_final(document.state) && !contents.memories.contains(id)) return;
  auto memories = memories_of(id, contents.memories);
  // A replacement that was given out may not have reached the document any more.
  memories["vms"] = Json::array();
  for (const auto& [vm, entry] : vms_)
    if (entry.session == id) memories["vms"].push_back(vm);
  try {
    const auto& request = memories.at("request");
    const auto size = request.at("display");
    DisplaySize display{size.at(0), size.at(1), size.at(2)};
    SessionEntry entry;
    entry.profile = shared(parse_profile(request.at("profile")).value());
    entry.request.user_id = document.user_id;
    entry.request.provider = document.provider;
    entry.request.profile = document.profile;
    entry.request.driver = document.driver;
    request.at("url").get_to(entry.request.url);
    if (request.at("hadDisplay").get<bool>())
      entry.request.display = display;
    else
      display = entry.profile->display;
    entry.request.idle = document.idle;
    entry.request.max = document.max;
    entry.request.labels = document.labels;
    request.at("hadEnv").get_to(entry.is_env_lost);
    entry.vm = document.vm_id;
    const auto vm = vms_.find(document.vm_id);
    const auto actor = vm == vms_.end() ? VmActor{} : vm->second.actor;
    entry.actor =
        spawn<Session>(environment_, document, entry.profile, display, actor, address(), memories);
    monitor(entry.actor);
    sessions_[id] = std::move(entry);
  } catch (const std::exception& error) {
    mark_failed(
        document,
        lost("What is stored of the session can't be read: " + std::string{error.what()} + "."));
    send(environment_->directory.ledger(), Remember{id, {}});
  }
}

void Node::begin_adopted() {
  for (const auto& [id, session] : sessions_)
    if (const auto vm = vms_.find(session.vm); vm != vms_.end()) vm->second.session = id;
  for (auto& [id, vm] : vms_) {
    const auto session = sessions_.find(vm.session);
    if (session != sessions_.end())
      send(vm.actor, AssignVm{vm.session, "", session->second.request.max, session->second.actor});
    send(vm.actor, StartVm{});
    // Nobody is told again of a warm guest's end.
    if (vm.session.empty() && vm.is_over) {
      vm.is_going = true;
      send(vm.actor, DismantleVm{{"", id, ""}});
    }
    // A session that was given another dismantles it itself; of one that is no more, the reaper
    // asks.
    if (vm.session.empty() || session != sessions_.end()) continue;
    orphans_.push_back({id,
                        vm.session,
                        vm.driver,
                        vm.slot,
                        {},
                        lost("The session of the guest " + id + " is no more."),
                        {}});
  }
  for (const auto& [id, session] : sessions_) {
    if (vms_.contains(session.vm)) continue;
    send(session.actor, VmFinished{session.vm, lost("The session's guest was never started.")});
    send(session.actor, VmDismantled{session.vm});
  }
}

void Node::mark_failed(SessionDocument document, const Cause& cause) {
  if (is_final(document.state)) return;
  document.state = SessionState::failed;
  document.end = SessionEnd{"controller", "failed", environment_->wall()};
  document.cause = cause;
  document.viewers.clear();
  const auto id = document.id;
  const auto vm = document.vm_id;
  send(environment_->directory.ledger(),
       UpdateSession{std::make_shared<const SessionDocument>(std::move(document)),
                     Event{0,
                           environment_->wall(),
                           "session.state",
                           id,
                           vm,
                           "",
                           {{"state", "failed"}, {"cause", cause}}}});
}

}  // namespace aerie
