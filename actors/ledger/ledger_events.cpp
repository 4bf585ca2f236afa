#include <algorithm>

#include "actors/ledger/ledger.hpp"

namespace aerie {
namespace {

constexpr std::size_t max_events = 1'500;  // in memory; the store has more
constexpr std::size_t page_size = 500;
/// Between two pages: a reader that falls a thousand events behind is cut off by the gateway.
constexpr Duration page_pace{50};
constexpr Duration page_retry{1000};

}  // namespace

void Ledger::record(Event event) {
  event.seq = ++last_seq_;
  const EventPtr shared = std::make_shared<const Event>(std::move(event));
  keep(shared);
  for (const auto& reader : readers_)
    if (!reader.next) tell(reader, shared);
  write(WriteEvent{shared});
}

void Ledger::record(const std::string& kind, const std::string& session, Json data) {
  record({0, environment_->wall(), kind, session, "", "", std::move(data)});
}

void Ledger::keep(const EventPtr& event) {
  // What an earlier controller left may have holes; in memory there are none.
  if (!events_.empty() && events_.back()->seq + 1 != event->seq) events_.clear();
  events_.push_back(event);
  if (events_.size() > max_events) events_.pop_front();
  if (is_buried(event->session)) return;
  const auto& subject = event->session.empty() ? event->vm : event->session;
  if (subject.empty()) return;
  timelines_[subject].add(*event);
  if (!event->session.empty() && !event->vm.empty() && !vms_.contains(event->vm))
    guest_sessions_[event->vm] = event->session;
}

/// Of a session, or of a guest: what happened to it as somebody's is part of that session's.
Timeline Ledger::timeline_of(const std::string& subject) const {
  Timeline events;
  if (const auto own = timelines_.find(subject); own != timelines_.end())
    events = own->second.unpack(sessions_.contains(subject) ? subject : "");
  const auto session = session_of_guest(subject);
  const auto shared = timelines_.find(session);
  if (session.empty() || shared == timelines_.end()) return events;
  for (auto& event : shared->second.unpack(session))
    if (event->vm == subject) events.push_back(std::move(event));
  return events;
}

/// Empty: nobody's, or not known.
std::string Ledger::session_of_guest(const std::string& vm) const {
  if (const auto known = vms_.find(vm); known != vms_.end()) return known->second->session;
  const auto former = guest_sessions_.find(vm);
  return former == guest_sessions_.end() ? tombstones_.session_of(vm) : former->second;
}

/// The session's, and those of all guests that it names.
void Ledger::forget_timelines(const std::string& session) {
  if (const auto timeline = timelines_.extract(session))
    for (const auto& event : timeline.mapped().unpack(session)) {
      timelines_.erase(event->vm);
      guest_sessions_.erase(event->vm);
    }
  const auto* tombstone = tombstones_.find(session);
  if (tombstone == nullptr) return;
  for (const auto& vm : tombstone->vms) {
    timelines_.erase(vm);
    guest_sessions_.erase(vm);
  }
}

// -- readers --------------------------------------------------------------------------------------

void Ledger::tell(const Reader& reader, const EventPtr& event) {
  if (reader.session.empty() || reader.session == event->session)
    send(reader.actor, Recorded{reader.number, event});
}

Subscribed Ledger::subscribe(const Subscribe& request) {
  Subscribed answer;
  const auto is_known = std::any_of(readers_.begin(), readers_.end(), [&](const Reader& each) {
    return each.actor == request.reader;
  });
  if (!is_known) monitor(request.reader);
  Reader reader{request.reader, request.number, request.session, std::nullopt};
  if (request.since) {
    const auto oldest = std::min(store_->oldest_event(), last_seq_ + 1);
    // A number that was never given is of an earlier store.
    const bool is_kept = *request.since + 1 >= oldest && *request.since <= last_seq_;
    if (!is_kept) answer.gap = oldest;
    reader.next = is_kept ? *request.since + 1 : oldest;
  }
  readers_.push_back(reader);
  if (reader.next) catch_up(readers_.back());
  return answer;
}

Ledger::Reader* Ledger::find_reader(const EventReaderActor& actor, std::uint64_t number) {
  const auto found = std::find_if(readers_.begin(), readers_.end(), [&](const Reader& each) {
    return each.actor == actor && each.number == number;
  });
  return found == readers_.end() ? nullptr : &*found;
}

/// What is no longer in memory is read from the store first, page by page.
void Ledger::catch_up(Reader& reader) {
  const auto next = *reader.next;
  if (!events_.empty() && events_.front()->seq > next) return turn_page(reader);
  reader.next.reset();
  if (events_.empty()) return;
  const auto skipped = static_cast<std::ptrdiff_t>(
      std::min(next - events_.front()->seq, static_cast<std::uint64_t>(events_.size())));
  std::for_each(events_.begin() + skipped, events_.end(),
                [&](const EventPtr& event) { tell(reader, event); });
}

void Ledger::turn_page(const Reader& reader) {
  const auto number =
      begin_work([this, actor = reader.actor, of = reader.number](const LedgerWorkDone& result) {
        auto* found = find_reader(actor, of);
        if (found == nullptr || !found->next) return;
        if (!result.failure) read_page(*found, result.events);
        later(result.failure ? page_retry : page_pace, [=, this] {
          auto* again = find_reader(actor, of);
          if (again != nullptr && again->next) catch_up(*again);
        });
      });
  store_->read_events({*reader.next - 1, page_size, reader.session},
                      [report = reporter(), number](Result<std::vector<EventPtr>> events) {
                        if (events)
                          report({number, std::nullopt, 0, nullptr, *std::move(events)});
                        else
                          report({number, std::move(events.error()), 0, nullptr, {}});
                      });
}

void Ledger::read_page(Reader& reader, const std::vector<EventPtr>& page) {
  for (const auto& event : page)
    tell(reader, event);
  if (!page.empty()) reader.next = page.back()->seq + 1;
  if (page.size() == page_size || events_.empty()) return;
  // The store has no more: next come those that wait to be written, then those in memory.
  const auto first = events_.front()->seq;
  if (is_submitted_ && *reader.next < first) return;  // some are on their way: look again
  for (const auto& event : gathered_.events())
    if (event->seq >= *reader.next && event->seq < first) tell(reader, event);
  reader.next = std::max(*reader.next, first);
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
