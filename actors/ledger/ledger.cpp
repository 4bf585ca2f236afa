#include "actors/ledger/ledger.hpp"

#include <algorithm>

namespace aerie {
namespace {

constexpr std::size_t max_events = 20'000;
constexpr std::size_t max_timeline = 512;

bool matches(const SessionDocument& document, const ListSessions& query) {
  if (query.state && document.state != *query.state) return false;
  if (query.user_id && document.user_id != *query.user_id) return false;
  return std::all_of(query.labels.begin(), query.labels.end(), [&](const auto& label) {
    const auto found = document.labels.find(label.first);
    return found != document.labels.end() && found->second == label.second;
  });
}

}  // namespace

Ledger::Ledger(caf::actor_config& config, EnvironmentPtr environment, std::shared_ptr<Store> store,
               StoreContents contents)
    : Actor(config, "ledger"), environment_(std::move(environment)), store_(std::move(store)) {
  for (auto& document : contents.sessions) {
    session_order_.push_back(document->id);
    sessions_[document->id] = std::move(document);
  }
  for (auto& token : contents.tokens)
    tokens_[token.digest] = std::move(token);
  for (auto& resource : contents.resources)
    resources_[resource.vm].push_back(std::move(resource));
  for (const auto& event : contents.events)
    keep(event);
  last_seq_ = contents.last_seq;
  for (const auto& [subject, state] : contents.memories)
    remembered_.insert(subject);
}

void Ledger::close_earlier_sessions() {
  for (auto& [id, session] : sessions_) {
    if (is_final(session->state) || remembered_.contains(id + "/request")) continue;
    auto document = *session;
    document.state = SessionState::failed;
    document.vm_state = VmState::failed;
    document.stream.state = StreamState::down;
    document.viewers.clear();
    document.end = SessionEnd{"controller", "failed", environment_->wall()};
    document.cause = Cause{CauseKind::controller_restarted,
                           "The controller ended while this session was under way.",
                           "Start a new session; look for what ended the controller in its log.",
                           {}};
    session = std::make_shared<const SessionDocument>(document);
    write(WriteSession{session});
    record({0,
            environment_->wall(),
            "session.state",
            id,
            document.vm_id,
            "",
            {{"state", "failed"}, {"cause", *document.cause}}});
  }
}

Ledger::Behavior Ledger::make_behavior() {
  close_earlier_sessions();
  set_down_handler([this](const caf::down_msg& down) { unsubscribe(down.source, 0, true); });
  return {
      [this](const RecordEvent& message) { record(message.event); },
      [this](const SaveSession& message) {
        const auto& document = message.document;
        const bool is_new = !sessions_.contains(document->id);
        if (is_new) session_order_.push_back(document->id);
        sessions_[document->id] = document;
        return write_and_confirm({WriteSession{document}}, is_new ? document->id : "");
      },
      [this](const UpdateSession& message) {
        // One that could not be written when it was new never was.
        const auto found = sessions_.find(message.document->id);
        if (found == sessions_.end()) return;
        found->second = message.document;
        write(WriteSession{message.document});
      },
      [this](const UpdateVm& message) { vms_[message.document->id] = message.document; },
      [this](const ForgetVm& message) { vms_.erase(message.vm); },
      [this](const AcquireResources& message) {
        std::vector<StoreWrite> writes;
        for (const auto& resource : message.resources) {
          resources_[resource.vm].push_back(resource);
          writes.emplace_back(WriteResource{resource, environment_->wall()});
          record({0,
                  environment_->wall(),
                  "resource.acquired",
                  resource.session,
                  resource.vm,
                  "",
                  {{"kind", resource.kind}, {"name", resource.name}}});
        }
        return write_and_confirm(std::move(writes));
      },
      [this](const ReleaseResource& message) {
        const auto& resource = message.resource;
        if (const auto held = resources_.find(resource.vm); held != resources_.end()) {
          std::erase_if(held->second, [&](const Resource& each) { return each.id == resource.id; });
          if (held->second.empty()) resources_.erase(held);
        }
        // In one batch with its event: each release is told exactly once, whenever we die.
        gathered_.emplace_back(StrikeResource{resource.id, environment_->wall()});
        record({0,
                environment_->wall(),
                "resource.released",
                resource.session,
                resource.vm,
                "",
                {{"kind", resource.kind}, {"name", resource.name}}});
      },
      [this](const ListResources& message) {
        const auto held = resources_.find(message.vm);
        return ResourceList{held == resources_.end() ? std::vector<Resource>{} : held->second};
      },
      [this](const FindSession& message) {
        const auto found = sessions_.find(message.id);
        return SessionFound{found == sessions_.end() ? nullptr : found->second};
      },
      [this](const ListSessions& message) { return list(message); },
      [this](const ListVms&) {
        VmList all;
        for (const auto& [id, document] : vms_)
          all.vms.push_back(document);
        return all;
      },
      [this](const SaveToken& message) {
        tokens_[message.digest] = message;
        write(WriteToken{message});
      },
      [this](const FindToken& message) {
        const auto found = tokens_.find(message.digest);
        if (found == tokens_.end()) return TokenFound{};
        const auto& until = found->second.until;
        if (until && *until <= environment_->wall()) return TokenFound{};
        return TokenFound{found->second.session, found->second.use};
      },
      [this](const AskWhy& message) { return explain(message.id); },
      [this](const Subscribe& message) { return subscribe(message); },
      [this](const Unsubscribe& message) {
        unsubscribe(message.reader.address(), message.number, false);
      },
      [this](const WriteTombstone&) { return Saved{store_failure_}; },
      [this](const Remember& message) { write(WriteMemory{message}); },
      [this](const StoreFinished& message) { on_store_finished(message); },
      [this](const AskStoreHealth&) { return Saved{store_failure_}; },
  };
}

/// What gathered while a batch was under way goes to disk all the same.
void Ledger::on_exit() {
  if (!gathered_.empty())
    store_->submit({++batch_, std::exchange(gathered_, {})},
                   [](std::uint64_t, const std::optional<Cause>&) {});
}

// -- events ---------------------------------------------------------------------------------------

void Ledger::record(Event event) {
  event.seq = ++last_seq_;
  const EventPtr shared = std::make_shared<const Event>(std::move(event));
  keep(shared);
  for (const auto& reader : readers_)
    if (reader.session.empty() || reader.session == shared->session)
      send(reader.actor, Recorded{reader.number, shared});
  write(WriteEvent{shared});
}

void Ledger::keep(const EventPtr& event) {
  events_.push_back(event);
  if (events_.size() > max_events) events_.pop_front();
  for (const auto* subject : {&event->session, &event->vm}) {
    if (subject->empty()) continue;
    auto& timeline = timelines_[*subject];
    timeline.push_back(event);
    if (timeline.size() > max_timeline) timeline.pop_front();
  }
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

// -- the store ------------------------------------------------------------------------------------

void Ledger::write(StoreWrite write) {
  gathered_.push_back(std::move(write));
  submit();
}

Ledger::SavedPromise Ledger::write_and_confirm(std::vector<StoreWrite> writes,
                                               std::string new_session) {
  auto promise = make_response_promise<Saved>();
  gathered_.insert(gathered_.end(), std::make_move_iterator(writes.begin()),
                   std::make_move_iterator(writes.end()));
  gathered_waiters_.push_back({promise, std::move(new_session)});
  submit();
  return promise;
}

void Ledger::submit() {
  if (is_submitted_ || (gathered_.empty() && gathered_waiters_.empty())) return;
  is_submitted_ = true;
  submitted_waiters_ = std::exchange(gathered_waiters_, {});
  // The store may outlive this actor by one callback: a weak address, so that it keeps none alive.
  store_->submit(
      {++batch_, std::exchange(gathered_, {})},
      [address = caf::actor_cast<caf::weak_actor_ptr>(self())](std::uint64_t batch,
                                                               std::optional<Cause> failure) {
        if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(address))
          post(caf::actor_cast<LedgerActor>(strong), StoreFinished{batch, std::move(failure)});
      });
}

void Ledger::on_store_finished(const StoreFinished& finished) {
  if (finished.batch != batch_) return;
  is_submitted_ = false;
  const bool is_news = finished.failure && !store_failure_;
  store_failure_ = finished.failure;
  for (auto& waiter : std::exchange(submitted_waiters_, {})) {
    if (finished.failure && !waiter.new_session.empty()) forget_session(waiter.new_session);
    waiter.promise.deliver(Saved{finished.failure});
  }
  if (is_news)
    record({0,
            environment_->wall(),
            "doctor.failed",
            "",
            "",
            "",
            {{"check", "store"}, {"cause", *finished.failure}}});
  submit();
}

void Ledger::forget_session(const std::string& id) {
  sessions_.erase(id);
  std::erase(session_order_, id);
}

// -- questions ------------------------------------------------------------------------------------

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

WhyAnswer Ledger::explain(const std::string& id) const {
  static const Timeline nothing;
  const auto slash = id.find('/');
  const auto subject = id.substr(0, slash);
  const auto found_timeline = timelines_.find(subject);
  const auto& timeline = found_timeline == timelines_.end() ? nothing : found_timeline->second;
  if (const auto session = sessions_.find(subject); session != sessions_.end()) {
    if (slash == std::string::npos) return {explain_session(*session->second, timeline), subject};
    auto why = explain_child(*session->second, id.substr(slash + 1), timeline);
    if (why.is_null()) return {std::nullopt, subject};
    return {std::move(why), subject};
  }
  if (const auto vm = vms_.find(subject); vm != vms_.end() && slash == std::string::npos)
    return {explain_vm(*vm->second, timeline), vm->second->session};
  if (slash == std::string::npos && !timeline.empty() && timeline.back()->vm == subject) {
    const auto gone = recall_vm(subject, timeline);
    return {explain_vm(gone, timeline), gone.session};
  }
  return {};
}

}  // namespace aerie
