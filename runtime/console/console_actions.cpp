#include <algorithm>

#include "runtime/console/console.hpp"

namespace aerie {
namespace {

constexpr const char* who = "operator";

bool is_name(const std::string& text) {
  constexpr std::size_t most = 64;
  const auto is_first = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto is_later = [&](char c) { return is_first(c) || c == '.' || c == '_' || c == '-'; };
  return !text.empty() && text.size() <= most && is_first(text.front()) &&
         std::all_of(text.begin(), text.end(), is_later);
}

/// The reason called so, which an operator may give.
std::optional<RetireReason> reason_called(const std::string& name) {
  for (const auto reason :
       {RetireReason::idle, RetireReason::max_age, RetireReason::requested, RetireReason::failed,
        RetireReason::superseded, RetireReason::disk_pressure, RetireReason::shutdown})
    if (to_string(reason) == name) return reason;
  return std::nullopt;
}

std::string list_of(const std::vector<ActorPart>& parts) {
  std::string names;
  for (const auto& part : parts)
    names += (names.empty() ? "" : ", ") + part.name;
  return names.empty() ? "It has none." : "It has " + names + ".";
}

}  // namespace

// -- holds ----------------------------------------------------------------------------------------

void Console::hold(const Reply& reply, const Subject& subject, const Hold& hold) {
  constexpr std::size_t longest_reason = 1024;
  if (!is_name(hold.name))
    return fail(reply, "usage", "'" + hold.name + "' can't be a hold's name.",
                "Use a-z, 0-9, '.', '_' and '-', at most 64, beginning with a letter or digit.", 2);
  if (hold.reason.size() > longest_reason)
    return fail(reply, "usage", "The reason is longer than 1024 bytes.", "Say it shorter.", 2);
  change_hold(reply, subject.session->id, SetHold{hold}, HoldEnded{subject.session->id, hold});
}

void Console::release(const Reply& reply, const Subject& subject, const std::string& name) {
  change_hold(reply, subject.session->id, ClearHold{name}, UnholdEnded{subject.session->id, name});
}

/// A hold goes to the session, or to the ledger once that is over; as the HTTP API does it.
template <class OfLiving, class OfEnded>
void Console::change_hold(const Reply& reply, const std::string& session, OfLiving living,
                          OfEnded ended) {
  const auto shown = [=](const HoldAnswer& made) {
    if (made.failure)
      return fail(reply, std::string{to_string(made.failure->kind)}, made.failure->message,
                  made.failure->remedy);
    if (!made.hold)
      return fail(reply, "not-found", "The session " + session + " has no such hold.",
                  "`holds` lists them.");
    answer(reply, {{"session", session}, {"hold", *made.hold}});
  };
  request(environment_->directory.node(), caf::infinite, FindSessionActor{session})
      .then(
          [=, this](const SessionActorFound& found) {
            if (found.actor)
              request(found.actor, caf::infinite, living).then(shown, unanswered(reply));
            else
              request(environment_->directory.ledger(), caf::infinite, ended)
                  .then(shown, unanswered(reply));
          },
          unanswered(reply));
}

// -- children -------------------------------------------------------------------------------------

void Console::touch_child(const Reply& reply, const Subject& subject, const std::string& child,
                          std::optional<int> signal) {
  if (subject.kind == "supervisor") return touch_actor(reply, subject.id, child, signal);
  if (subject.kind == "root")
    return fail(reply, "conflict", "What stands under the root is not restarted one by one.",
                "Restart the controller: guests run on meanwhile.");
  if (subject.kind == "vm") return touch_guest(reply, subject.id, child, signal);
  if (subject.session) return touch_guest(reply, subject.session->vm_id, child, signal);
  fail(reply, "conflict", "The " + subject.kind + " " + subject.id + " supervises nothing.",
       "Name a session, a VM or a supervisor.");
}

void Console::touch_guest(const Reply& reply, const std::string& vm, const std::string& child,
                          std::optional<int> signal) {
  request(environment_->directory.node(), caf::infinite, FindVmActor{vm})
      .then(
          [=, this](const VmActorFound& found) {
            const auto vitals = environment_->roster->find(vm);
            if (!found.actor || !vitals)
              return fail(reply, "conflict", "The guest " + vm + " runs no more.",
                          "`why " + vm + "` tells why.");
            const auto facts = vitals->facts();
            const auto& parts = facts.face.parts;
            const auto part = std::find_if(parts.begin(), parts.end(), [&](const ActorPart& each) {
              return each.name == child;
            });
            if (part == parts.end())
              return fail(reply, "not-found", "The guest " + vm + " has no child '" + child + "'.",
                          list_of(parts));
            // Of what runs inside a virtual machine this host knows no pid.
            if (signal && part->state != "starting" && part->state != "ready")
              return fail(reply, "conflict",
                          "The child '" + child + "' does not run: it is " + part->state + ".",
                          "`restart` starts it.");
            Json json{{"vm", vm}, {"child", child}, {"by", who}};
            if (part->pid > 0) json["pid"] = part->pid;
            if (signal) {
              send(found.actor, KillGuestChild{child, *signal, who});
              json["asked"] = "kill";
              json["signal"] = *signal;
            } else {
              send(found.actor, RestartGuestChild{child, who});
              json["asked"] = "restart";
            }
            answer(reply, std::move(json));
          },
          unanswered(reply));
}

void Console::pause(const Reply& reply, const Subject& subject, bool is_paused) {
  const auto vm = subject.kind == "vm" ? subject.id
                  : subject.session    ? subject.session->vm_id
                                       : std::string{};
  if (vm.empty())
    return fail(reply, "conflict", "The " + subject.kind + " " + subject.id + " is no guest.",
                "Name a VM or a session.");
  request(environment_->directory.node(), caf::infinite, FindVmActor{vm})
      .then(
          [=, this](const VmActorFound& found) {
            if (!found.actor)
              return fail(reply, "conflict", "The guest " + vm + " runs no more.",
                          "`why " + vm + "` tells why.");
            request(found.actor, caf::infinite, PauseVm{is_paused, who})
                .then(
                    [=, this](const VmPaused& outcome) {
                      if (outcome.failure)
                        return fail(reply, "conflict", outcome.failure->message,
                                    outcome.failure->remedy);
                      answer(reply, {{"vm", vm}, {"paused", is_paused}, {"by", who}});
                    },
                    unanswered(reply));
          },
          unanswered(reply));
}

void Console::touch_actor(const Reply& reply, const std::string& supervisor,
                          const std::string& child, std::optional<int> signal) {
  const auto actor = environment_->roster->address_of(supervisor);
  const auto vitals = environment_->roster->find(supervisor);
  if (!actor || !vitals)
    return fail(reply, "not-found", "The supervisor " + supervisor + " has ended.", "See `tree`.");
  const auto facts = vitals->facts();
  const auto& parts = facts.face.parts;
  const bool is_there = std::any_of(parts.begin(), parts.end(),
                                    [&](const ActorPart& each) { return each.name == child; });
  if (!is_there)
    return fail(reply, "not-found",
                "The supervisor " + facts.name + " has no child '" + child + "'.", list_of(parts));
  // Answered first: the child may be this console.
  answer(reply, {{"supervisor", supervisor},
                 {"child", child},
                 {"asked", signal ? "kill" : "restart"},
                 {"by", who}});
  const auto handle = caf::actor_cast<SupervisorActor>(actor);
  if (signal)
    send(handle, KillOneChild{child, *signal, who});
  else
    send(handle, RestartOneChild{child, who});
}

// -- ends -----------------------------------------------------------------------------------------

void Console::retire(const Reply& reply, const Subject& subject, const Command& command) {
  const auto session = subject.session->id;
  const auto state = std::string{to_string(subject.session->state)};
  const auto words = command.word(1);
  const auto reason = reason_called(words);
  ProposeRetirement wish{
      session, {}, reason.value_or(RetireReason::requested), who, command.forced};
  if (!reason) wish.note = words.substr(0, 1024);
  request(environment_->directory.node(), caf::infinite, FindSessionActor{session})
      .then(
          [=, this](const SessionActorFound& found) mutable {
            if (!found.actor)
              return fail(reply, "conflict",
                          "The session " + session + " is over: it is " + state + ".",
                          "`why` tells who ended it.");
            wish.actor = found.actor;
            request(environment_->directory.reaper(), caf::infinite, wish)
                .then(
                    [=](const ProposalMade& made) {
                      const auto& proposal = made.proposal;
                      answer(reply, {{"proposal", proposal.id},
                                     {"subject", {{"kind", "session"}, {"id", session}}},
                                     {"reason", to_string(proposal.reason)},
                                     {"deadlineMs", proposal.deadline.count()},
                                     {"forced", proposal.forced}});
                    },
                    unanswered(reply));
          },
          unanswered(reply));
}

void Console::drain(const Reply& reply, bool is_draining) {
  const auto node = environment_->directory.node();
  const auto show = [=, this] {
    request(node, caf::infinite, AskNodeFigures{})
        .then(
            [=](const NodeFigures& figures) {
              answer(reply, {{"draining", figures.draining},
                             {"sessions", figures.sessions},
                             {"vms", figures.vms}});
            },
            unanswered(reply));
  };
  if (is_draining) {
    request(node, caf::infinite, DrainNode{false, who, Duration{0}})
        .then([=](const Drained&) { show(); }, unanswered(reply));
  } else {
    send(node, UndrainNode{who});
    show();
  }
}

}  // namespace aerie
