#include <algorithm>

#include "actors/ledger/ledger.hpp"

namespace aerie {
namespace {

bool matches(const SessionDocument& document, const ListSessions& query) {
  if (query.state && document.state != *query.state) return false;
  if (query.user_id && document.user_id != *query.user_id) return false;
  return std::all_of(query.labels.begin(), query.labels.end(), [&](const auto& label) {
    const auto found = document.labels.find(label.first);
    return found != document.labels.end() && found->second == label.second;
  });
}

}  // namespace

SessionList Ledger::list(const ListSessions& query) const {
  SessionList page;
  bool is_past_start = query.after.empty();
  for (auto id = session_order_.rbegin(); id != session_order_.rend(); ++id) {
    const auto& document = sessions_.at(*id);
    if (is_past_start && matches(*document, query)) {
      if (page.sessions.size() == std::max<std::size_t>(query.limit, 1)) {
        page.next = page.sessions.back()->id;
        break;
      }
      page.sessions.push_back(document);
    }
    is_past_start = is_past_start || *id == query.after;
  }
  return page;
}

EventList Ledger::list_events(const ListEvents& query) const {
  EventList list;
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    if (list.events.size() >= query.most) break;
    const auto& each = **event;
    if (query.subject.empty() || each.session == query.subject || each.vm == query.subject)
      list.events.push_back(*event);
  }
  std::reverse(list.events.begin(), list.events.end());
  return list;
}

TokenFound Ledger::find_token(const std::string& digest) const {
  const auto found = tokens_.find(digest);
  if (found == tokens_.end()) return {};
  const auto& until = found->second.until;
  if (until && *until <= environment_->wall()) return {};
  return {found->second.session, found->second.use};
}

VmFound Ledger::find_vm(const std::string& id) const {
  VmFound answer;
  if (const auto vm = vms_.find(id); vm != vms_.end()) answer.document = vm->second;
  if (const auto found = sessions_.find(session_of_guest(id)); found != sessions_.end())
    answer.session = found->second;
  return answer;
}

caf::result<WhyAnswer> Ledger::explain(const std::string& id) {
  const auto slash = id.find('/');
  const auto subject = id.substr(0, slash);
  const auto child = slash == std::string::npos ? std::string{} : id.substr(slash + 1);
  // A child goes by its guest's id in the tree; its story is the session's.
  if (!child.empty() && !sessions_.contains(subject)) {
    const auto lives_for = session_of_guest(subject);
    const auto owner = lives_for.empty() ? tombstones_.session_of(subject) : lives_for;
    if (!owner.empty()) return explain(owner + "/" + child);
  }
  if (const auto session = sessions_.find(subject); session != sessions_.end()) {
    if (is_buried(subject)) return explain_from_tombstone({session->second, {}, child});
  } else if (const auto of = sessions_.find(tombstones_.session_of(subject));
             of != sessions_.end() && child.empty() && is_buried(of->first)) {
    return explain_from_tombstone({of->second, subject, {}});
  }
  return explain_from_memory(subject, child);
}

caf::result<WhyAnswer> Ledger::explain_from_tombstone(TombstoneQuestion question) {
  auto promise = make_response_promise<WhyAnswer>();
  const auto document = question.document;
  const bool is_session = question.vm.empty() && question.child.empty();
  const auto number = begin_work([=](LedgerWorkDone& result) mutable {
    // A tombstone that can't be read takes the story with it, not the verdict.
    if (result.why.is_null() && is_session) result.why = explain_session(*document, {});
    WhyAnswer answer{std::nullopt, document->id};
    if (!result.why.is_null()) answer.why = std::move(result.why);
    promise.deliver(std::move(answer));
  });
  environment_->tombstones->explain(std::move(question), [report = reporter(), number](Json why) {
    report({number, std::nullopt, 0, std::move(why), {}});
  });
  return promise;
}

WhyAnswer Ledger::explain_from_memory(const std::string& subject, const std::string& child) const {
  const auto timeline = timeline_of(subject);
  if (const auto session = sessions_.find(subject); session != sessions_.end()) {
    if (child.empty()) return {explain_session(*session->second, timeline), subject};
    auto why = explain_child(*session->second, child, timeline);
    if (why.is_null()) return {std::nullopt, subject};
    return {std::move(why), subject};
  }
  if (!child.empty()) return {};
  if (const auto vm = vms_.find(subject); vm != vms_.end())
    return {explain_vm(*vm->second, timeline), vm->second->session};
  if (!timeline.empty() && timeline.back()->vm == subject) {
    const auto gone = recall_vm(subject, timeline);
    return {explain_vm(gone, timeline), gone.session};
  }
  return {};
}

Json Ledger::describe() const {
  return {{"sessions", sessions_.size()},
          {"vms", vms_.size()},
          {"tokens", tokens_.size()},
          {"eventsInMemory", events_.size()},
          {"lastSeq", last_seq_},
          {"readers", readers_.size()},
          {"submittedWrites", submitted_writes_},
          {"storeFailure", store_failure_ ? Json(*store_failure_) : Json(nullptr)}};
}

}  // namespace aerie
