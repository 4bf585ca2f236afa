#include <algorithm>

#include "runtime/console/console.hpp"

namespace aerie {
namespace {

constexpr std::size_t least_prefix = 4;
constexpr std::size_t most_named = 8;
constexpr std::size_t all_sessions = 1'000'000;

}  // namespace

void Console::with_subject(const Reply& reply, const std::string& word, WithSubject act) {
  ListSessions wish;
  wish.limit = all_sessions;
  request(environment_->directory.ledger(), caf::infinite, wish)
      .then(
          [=, this](const SessionList& sessions) {
            request(environment_->directory.ledger(), caf::infinite, ListVms{})
                .then(
                    [=, this](const VmList& vms) {
                      choose_subject(reply, word, sessions.sessions, vms.vms, act);
                    },
                    unanswered(reply));
          },
          unanswered(reply));
}

void Console::choose_subject(const Reply& reply, const std::string& word,
                             const std::vector<SessionDocumentPtr>& sessions,
                             const std::vector<VmDocumentPtr>& vms, const WithSubject& act) {
  std::map<std::string, Subject> found;  // by id: a session and its actor are one
  const bool is_long_enough = word.size() >= least_prefix;
  const auto is_meant = [&](const std::string& id) {
    return id == word || (is_long_enough && id.starts_with(word));
  };
  const auto session_called = [&](const std::string& id) {
    const auto each = std::find_if(sessions.begin(), sessions.end(),
                                   [&](const auto& session) { return session->id == id; });
    return each == sessions.end() ? nullptr : *each;
  };
  for (const auto& session : sessions)
    if (is_meant(session->id)) found[session->id] = {"session", session->id, session, {}, false};
  for (const auto& vm : vms)
    if (is_meant(vm->id)) found[vm->id] = {"vm", vm->id, session_called(vm->session), vm, false};
  for (const auto& session : sessions)  // of a guest that is gone
    if (is_meant(session->vm_id) && !found.contains(session->vm_id))
      found[session->vm_id] = {"vm", session->vm_id, session, {}, false};
  for (const auto& facts : environment_->roster->facts(FactsDepth::brief)) {
    if (!is_meant(facts.id) && facts.name != word) continue;
    auto& subject = found[facts.id];
    if (subject.id.empty()) subject = {facts.kind, facts.id, {}, {}, false};
    subject.has_actor = true;
  }
  if (const auto exact = found.find(word); exact != found.end()) return act(exact->second);
  if (found.size() == 1) return act(found.begin()->second);
  if (found.empty() && !is_long_enough)
    return fail(reply, "usage", "'" + word + "' is too short for an id.",
                "Give at least 4 characters of it.", 2);
  if (found.empty())
    return fail(reply, "not-found", "There is no session, VM or actor '" + word + "'.",
                "`tree` lists those that are there.");
  std::string candidates;
  std::size_t named = 0;
  for (const auto& [id, subject] : found) {
    if (named++ == most_named) {
      candidates += ", …";
      break;
    }
    candidates += (candidates.empty() ? "" : ", ") + subject.kind + " " + id;
  }
  fail(reply, "ambiguous",
       "'" + word + "' may mean " + std::to_string(found.size()) + " things: " + candidates + ".",
       "Give more of the id.");
}

void Console::with_session(const Reply& reply, const std::string& word, WithSubject act) {
  with_subject(reply, word, [=](const Subject& subject) {
    if (subject.session) return act(subject);
    fail(reply, "not-found", "The " + subject.kind + " " + subject.id + " has no session.",
         "Name a session, or a VM that is one's guest.");
  });
}

}  // namespace aerie
