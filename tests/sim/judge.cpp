#include "tests/sim/judge.hpp"

#include <algorithm>
#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/local_actor.hpp>

#include "tests/sim/tombstones.hpp"

namespace aerie::sim {
namespace {

template <class T>
const T* content_of(const caf::mailbox_element& element) {
  const auto& content = element.content();
  return content.match_elements<T>() ? &content.get_as<T>(0) : nullptr;
}

std::string_view kind_of(const caf::strong_actor_ptr& actor) {
  if (!actor) return {};
  const auto* local = dynamic_cast<caf::local_actor*>(caf::actor_cast<caf::abstract_actor*>(actor));
  return local == nullptr ? std::string_view{} : local->name();
}

std::string end_of(const SessionDocument& document) {
  if (!document.end) return {};
  return document.end->by + " " + document.end->reason + " " + to_rfc3339(document.end->at);
}

}  // namespace

void Judge::blame(std::string rule, std::string text) {
  if (!violation_) violation_ = Violation{std::move(rule), std::move(text)};
}

// -- on the way -----------------------------------------------------------------------------------

void Judge::on_message(std::string_view receiver, caf::mailbox_element& element) {
  if (receiver == "ledger") {
    if (const auto* update = content_of<UpdateSession>(element)) on_document(*update->document);
  } else if (receiver == "reaper") {
    if (const auto* answered = content_of<RetireAnswered>(element)) on_answer(*answered);
  } else if (receiver == "session") {
    if (const auto* proposal = content_of<Proposal>(element)) {
      proposals_[proposal->id] = *proposal;
      if (proposal->forced) {
        kept_until_.erase(proposal->session);
        told_keeps_.erase(proposal->session);
      }
    }
  } else if (receiver == "vm") {
    if (const auto* dismantle = content_of<DismantleVm>(element))
      on_dismantle(*dismantle, element.sender);
  }
}

void Judge::on_answer(const RetireAnswered& answered) {
  const auto found = proposals_.find(answered.proposal);
  if (found == proposals_.end()) return;
  const auto& [id, proposal] = *found;
  if (answered.answer == RetireAnswer::keep && answered.until && !proposal.forced &&
      answered.who.starts_with("viewer:"))
    kept_until_[proposal.session] = *answered.until;
  if (answered.answer != RetireAnswer::grant || !answered.token) return;
  granted_.emplace(answered.token->session, answered.token->vm);
  if (!proposal.forced && is_kept(proposal.session))
    blame("consent",
          "The session " + proposal.session + " was granted without force within a keep.");
}

bool Judge::is_kept(const std::string& session) const {
  const auto kept = kept_until_.find(session);
  return kept != kept_until_.end() && kept->second > agenda_.now();
}

void Judge::on_dismantle(const DismantleVm& dismantle, const caf::strong_actor_ptr& sender) {
  const auto& token = dismantle.token;
  const auto document = disk_.session(token.session);
  const auto sender_kind = kind_of(sender);
  const bool never_was = !document || document->vm_id != token.vm;
  const bool is_lost =
      token.is_orphan && (never_was || is_final(document->state) || lost_.contains(token.session));
  if (sender_kind == "session" || (sender_kind == "node" && (never_was || is_lost)))
    given_up_.insert(token.vm);
}

void Judge::on_document(const SessionDocument& document) {
  auto& outcome = outcomes_[document.id];
  const auto end = end_of(document);
  if (is_final(outcome.state) && (outcome.state != document.state || outcome.end != end))
    blame("outcome", "The session " + document.id + " was " +
                         std::string{to_string(outcome.state)} + " (" + outcome.end +
                         "), then it was " + std::string{to_string(document.state)} + " (" + end +
                         ").");
  outcome = {document.state, end};
}

void Judge::on_start(const std::string& vm) {
  if (!started_.insert(vm).second) blame("exit", "The guest " + vm + " was started twice.");
}

bool Judge::has_consent(const std::string& session, const std::string& vm) const {
  return session.empty() || granted_.contains({session, vm}) || given_up_.contains(vm) ||
         lost_.contains(session) || disk_.session(session) == nullptr;
}

void Judge::on_release(const Guest& guest, const Resource& resource) {
  const auto what =
      "The " + resource.kind + " of guest " + resource.vm + " (session " + resource.session + ")";
  if (guest.runs) blame("exit", what + " was released while the guest ran.");
  if (!has_consent(resource.session, resource.vm))
    blame("consent", what + " was released without its session's grant.");
  const bool was_used = !resource.session.empty() && started_.contains(resource.vm);
  const bool is_safe = tombstones_ != nullptr && tombstones_->has(resource.session, resource.vm) &&
                       disk_.has_tombstone(resource.session, resource.vm);
  if (was_used && !is_safe)
    blame("tombstone", what + " was released before the tombstone was written.");
  const auto holds = holds_.find(resource.session);
  if (resource.kind == "directory" && holds != holds_.end() && !holds->second.empty())
    blame("hold", what + " was released under the hold " + *holds->second.begin() + ".");
  const auto [before, is_new] = released_.try_emplace({resource.vm, resource.kind}, life_);
  if (is_new) return;
  const bool is_written = std::none_of(
      disk_.resources().begin(), disk_.resources().end(),
      [&](const Resource& each) { return each.vm == resource.vm && each.kind == resource.kind; });
  if (before->second == life_ || is_written) blame("once", what + " was released twice.");
  before->second = life_;
}

void Judge::on_failed_release(const std::string& vm, const std::string& kind) {
  released_.erase({vm, kind});
}

void Judge::on_tombstone_removed(const std::string& session) {
  const auto holds = holds_.find(session);
  if (holds != holds_.end() && !holds->second.empty())
    blame("hold", "The tombstone of session " + session + " was deleted under the hold " +
                      *holds->second.begin() + ".");
}

void Judge::on_hold(const std::string& session, const std::string& name) {
  holds_[session].insert(name);
}

void Judge::on_clearing(const std::string& session, const std::string& name) {
  holds_[session].erase(name);
}

void Judge::on_keep_told(const std::string& session, Instant until) {
  kept_until_[session] = until;
  told_keeps_[session] = until;
}

/// What was not durable has not happened; who was told of it is judged by the other rules. A keep
/// that a viewer was told of stands.
void Judge::on_controller_death() {
  ++life_;
  std::erase_if(kept_until_, [&](const auto& kept) {
    const auto told = told_keeps_.find(kept.first);
    return told == told_keeps_.end() || told->second != kept.second;
  });
  for (auto& [id, outcome] : outcomes_) {
    const auto document = disk_.session(id);
    outcome = document ? Outcome{document->state, end_of(*document)} : Outcome{};
  }
}

// -- at the end -----------------------------------------------------------------------------------

void Judge::at_the_end(const Guests& guests) {
  check_guests(guests);
  check_disk();
  check_events();
}

void Judge::check_guests(const Guests& guests) {
  std::set<std::string> owned;
  for (const auto& document : disk_.contents().sessions)
    owned.insert(document->vm_id);
  for (const auto& [vm, guest] : guests.all()) {
    // The pool's own wait for somebody: that is no leak, as long as they are no more than asked
    // for.
    if (guest.runs && guest.spec.configure.session.empty() && !owned.contains(vm) &&
        warm_.size() < pool_size_) {
      warm_.insert(vm);
      continue;
    }
    if (guest.runs) blame("convergence", "The guest " + vm + " still runs.");
    for (const auto& kind : guest.held)
      if (!warm_.contains(vm))
        blame("convergence", "The " + kind + " of guest " + vm + " is still there.");
  }
}

void Judge::check_disk() {
  for (const auto& resource : disk_.resources())
    if (!warm_.contains(resource.vm))
      blame("convergence", "The " + resource.kind + " of guest " + resource.vm +
                               " is still written down as held.");
  for (const auto& [subject, memory] : disk_.memories())
    if (!warm_.contains(subject))
      blame("convergence", "What was remembered of " + subject + " is still there.");
  for (const auto& document : disk_.contents().sessions)
    if (!is_final(document->state))
      blame("convergence", "The session " + document->id + " is still " +
                               std::string{to_string(document->state)} + ".");
}

void Judge::check_events() {
  std::map<std::string, std::string> ends;
  std::map<std::string, int> releases;
  for (const auto& event : disk_.events()) {
    if (event->kind == "session.state") {
      const auto state = event->data.value("state", "");
      if (state == "ended" || state == "failed") {
        auto& told = ends[event->session];
        if (!told.empty())
          blame("once", "The events tell twice how the session " + event->session +
                            " ended: " + told + ", and " + event->data.dump() + ".");
        told = event->data.dump();
      }
    } else if (event->kind == "resource.released") {
      const auto resource =
          (event->vm.empty() ? event->session : event->vm) + " " + event->data.value("kind", "");
      if (++releases[resource] > 1)
        blame("once", "The events say twice that " + resource + " was released.");
    }
  }
  for (const auto& document : disk_.contents().sessions)
    if (is_final(document->state) && ends[document->id].empty())
      blame("once", "No event tells how the session " + document->id + " ended.");
  for (const auto& [vm_and_kind, life] : released_)
    if (started_.contains(vm_and_kind.first) &&
        releases[vm_and_kind.first + " " + vm_and_kind.second] == 0)
      blame("once", "No event tells that the " + vm_and_kind.second + " of guest " +
                        vm_and_kind.first + " was released.");
}

}  // namespace aerie::sim
