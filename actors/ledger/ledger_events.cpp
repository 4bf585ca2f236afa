#include <algorithm>

#include "actors/ledger/ledger.hpp"

namespace aerie {
namespace {

constexpr std::size_t max_events = 20'000;
constexpr std::size_t max_timeline = 512;

}  // namespace

void Ledger::record(Event event) {
  event.seq = ++last_seq_;
  const EventPtr shared = std::make_shared<const Event>(std::move(event));
  keep(shared);
  for (const auto& reader : readers_)
    if (reader.session.empty() || reader.session == shared->session)
      send(reader.actor, Recorded{reader.number, shared});
  write(WriteEvent{shared});
}

void Ledger::record(const std::string& kind, const std::string& session, Json data) {
  record({0, environment_->wall(), kind, session, "", "", std::move(data)});
}

void Ledger::keep(const EventPtr& event) {
  events_.push_back(event);
  if (events_.size() > max_events) events_.pop_front();
  if (is_buried(event->session)) return;
  for (const auto* subject : {&event->session, &event->vm}) {
    if (subject->empty()) continue;
    auto& timeline = timelines_[*subject];
    timeline.push_back(event);
    if (timeline.size() > max_timeline) timeline.pop_front();
  }
}

/// The session's, and those of all guests that it names.
void Ledger::forget_timelines(const std::string& session) {
  const auto timeline = timelines_.extract(session);
  if (timeline)
    for (const auto& event : timeline.mapped())
      timelines_.erase(event->vm);
  const auto* tombstone = tombstones_.find(session);
  if (tombstone == nullptr) return;
  for (const auto& vm : tombstone->vms)
    timelines_.erase(vm);
}

Subscribed Ledger::subscribe(const Subscribe& request) {
  Subscribed answer;
  if (request.since) {
    const auto oldest = events_.empty() ? last_seq_ + 1 : events_.front()->seq;
    if (*request.since + 1 < oldest) answer.gap = oldest;
    for (const auto& event : events_)
      if (event->seq > *request.since &&
          (request.session.empty() || request.session == event->session))
        send(request.reader, Recorded{request.number, event});
  }
  const auto is_known = std::any_of(readers_.begin(), readers_.end(), [&](const Reader& each) {
    return each.actor == request.reader;
  });
  if (!is_known) monitor(request.reader);
  readers_.push_back({request.reader, request.number, request.session});
  return answer;
}

void Ledger::unsubscribe(const caf::actor_addr& reader, std::uint64_t number, bool all) {
  std::erase_if(readers_, [&](const Reader& each) {
    return each.actor.address() == reader && (all || each.number == number);
  });
  const auto is_left = std::any_of(readers_.begin(), readers_.end(), [&](const Reader& each) {
    return each.actor.address() == reader;
  });
  if (!all && !is_left) demonitor(reader);
}

}  // namespace aerie
