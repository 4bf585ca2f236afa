#include "actors/ledger/ledger.hpp"

#include <algorithm>

namespace aerie {
namespace {

/// Guests of the warm pool that ended before they were anybody's: so many can still be explained.
constexpr std::size_t max_lost_guests = 100;

/// Well within what an actor is given to end in.
constexpr Duration longest_close{1'000};

}  // namespace

Ledger::Ledger(caf::actor_config& config, EnvironmentPtr environment, std::shared_ptr<Store> store,
               StoreContents contents)
    : Actor(config, "ledger"),
      environment_(std::move(environment)),
      store_(std::move(store)),
      contents_(std::make_unique<StoreContents>(std::move(contents))) {}

Ledger::Behavior Ledger::make_behavior() {
  begin(*std::exchange(contents_, nullptr));
  set_down_handler([this](const caf::down_msg& down) { unsubscribe(down.source, 0, true); });
  // Being told to stop overtakes what was said before; that is heard first.
  set_exit_handler([this](const caf::exit_msg& message) {
    end_reason_ = message.reason;
    send(self(), CloseLedger{});
  });
  return {
      [this](const RecordEvent& message) { record(message.event); },
      [this](const SaveSession& message) { return save_session(message.document); },
      [this](const UpdateSession& message) { update_session(message); },
      [this](const UpdateVm& message) { update_vm(message.document); },
      [this](const ForgetVm& message) { forget_vm(message.vm); },
      [this](const AcquireResources& message) { return acquire(message.resources); },
      [this](const ReleaseResource& message) { release(message.resource); },
      [this](const FindSession& message) {
        const auto found = sessions_.find(message.id);
        return SessionFound{found == sessions_.end() ? nullptr : found->second};
      },
      [this](const ListResources& message) {
        ResourceList list;
        for (const auto& [vm, held] : resources_)
          if (message.vm.empty() || vm == message.vm)
            for (const auto& resource : held)
              list.resources.push_back(*resource);
        return list;
      },
      [this](const ListSessions& message) { return list(message); },
      [this](const ListVms&) {
        VmList all;
        for (const auto& [id, document] : vms_)
          all.vms.push_back(document);
        return all;
      },
      [this](const SaveToken& message) {
        add_token(message);
        write(WriteToken{message});
      },
      [this](const FindToken& message) { return find_token(message.digest); },
      [this](const AskWhy& message) { return explain(message.id); },
      [this](const Subscribe& message) { return subscribe(message); },
      [this](const ListEvents& message) { return list_events(message); },
      [this](const Unsubscribe& message) {
        unsubscribe(message.reader.address(), message.number, false);
      },
      [this](const Remember& message) { remember(message); },
      [this](const WriteTombstone& message) { return write_tombstone(message); },
      [this](const DropOldestTombstone&) { return drop_oldest(); },
      [this](const HoldEnded& message) { return hold_ended(message); },
      [this](const UnholdEnded& message) { return unhold_ended(message); },
      [this](const MayRelease& message) { return may_release(message.vm); },
      [this](const FindVm& message) { return find_vm(message.id); },
      [this](const StoreFinished& message) {
        on_store_finished(message);
        if (is_closing_) close();
      },
      [this](LedgerWorkDone& message) {
        if (auto work = work_.extract(message.number)) work.mapped()(message);
        if (is_closing_) close();
      },
      [this](const LedgerTimer& message) {
        if (message.ticket == submit_ticket) return submit_now();
        if (auto timer = timers_.extract(message.ticket)) timer.mapped()();
      },
      [this](const CloseLedger&) { close(); },
      [this](const AskStoreHealth&) { return Saved{store_failure_}; },
  };
}

/// The last words that are being written are waited for, within a bound; the next controller would
/// write what is left of them.
void Ledger::close() {
  if ((work_.empty() && burying_.empty()) || store_failure_) return quit(end_reason_);
  if (std::exchange(is_closing_, true)) return;
  later(longest_close, [this] { quit(end_reason_); });
}

// -- the beginning --------------------------------------------------------------------------------

void Ledger::begin(const StoreContents& contents) {
  for (const auto& document : contents.sessions) {
    session_order_.push_back(document->id);
    sessions_[document->id] = document;
  }
  for (const auto& token : contents.tokens)
    add_token(token);
  for (const auto& record : contents.tombstones) {
    const auto session = sessions_.find(record.session);
    tombstones_.put(record, session != sessions_.end() && !session->second->holds.empty());
  }
  for (const auto& resource : contents.resources)
    resources_[resource.vm].emplace_back(resource);
  for (const auto& event : contents.events)
    keep(event);
  last_seq_ = contents.last_seq;
  for (const auto& [subject, state] : contents.memories) {
    const auto slash = subject.find('/');
    if (slash != std::string::npos) {
      // Its actor may have come to no word of its own yet; it is adopted all the same.
      const auto session = sessions_.find(subject.substr(0, slash));
      const bool goes_on = session != sessions_.end() && !is_final(session->second->state);
      if (goes_on && subject.substr(slash) == "/request") remembered_.insert(session->first);
      continue;
    }
    remembered_.insert(subject);
    if (state.value("kind", "") == "vm") guests_[state.value("session", "")].insert(subject);
  }
  for (const auto& [session, tombstone] : contents.unknown_sessions)
    take_in(session, tombstone);
  for (const auto& trouble : contents.troubles)
    record("doctor.failed", "", {{"check", "store"}, {"cause", trouble}});
  close_earlier_sessions();
  for (const auto& id : std::vector<std::string>{session_order_})
    go_on_with_tombstone(id);
  keep_within_bounds();
}

/// What a store that was begun anew knows nothing of. A tombstone answers for its session.
void Ledger::take_in(const SessionDocumentPtr& found, const TombstoneRecord& tombstone) {
  if (!sessions_.try_emplace(found->id, found).second) return;
  session_order_.push_back(found->id);
  write(WriteSession{found});
  if (tombstone.bytes == 0) return;
  tombstones_.put(tombstone, !found->holds.empty());
  write(WriteTombstoneRecord{tombstone});
}

void Ledger::close_earlier_sessions() {
  for (auto& [id, session] : sessions_) {
    if (is_final(session->state) || remembered_.contains(id)) continue;
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

// -- what exists ----------------------------------------------------------------------------------

caf::result<Saved> Ledger::save_session(const SessionDocumentPtr& document) {
  if (store_failure_ && !sessions_.contains(document->id)) return Saved{store_failure_};
  auto promise = make_response_promise<Saved>();
  if (sessions_.contains(document->id)) {
    update_document(document);
    confirm([promise](const std::optional<Cause>& failure) mutable {
      promise.deliver(Saved{failure});
    });
    return promise;
  }
  session_order_.push_back(document->id);
  sessions_[document->id] = document;
  write(WriteSession{document});
  confirm([this, promise, id = document->id](const std::optional<Cause>& failure) mutable {
    if (failure) {
      gathered_.withdraw_session(id);
      forget_session(id);
    } else {  // where its logs go; given back once its tombstone has them
      record("resource.acquired", id, {{"kind", "directory"}, {"name", "sessions/" + id}});
    }
    promise.deliver(Saved{failure});
  });
  return promise;
}

void Ledger::update_session(const UpdateSession& update) {
  if (update.event) record(*update.event);
  update_document(update.document);
}

void Ledger::update_document(const SessionDocumentPtr& document) {
  // One that could not be written when it was new never was.
  const auto found = sessions_.find(document->id);
  if (found == sessions_.end()) return;
  found->second = document;
  tombstones_.set_held(document->id, !document->holds.empty());
  write(WriteSession{document});
  bury_if_over(document->id);
}

void Ledger::update_vm(const VmDocumentPtr& document) {
  auto& known = vms_[document->id];
  if (known && known->session != document->session) guests_[known->session].erase(document->id);
  guests_[document->session].insert(document->id);
  known = document;
  guest_sessions_.erase(document->id);
}

void Ledger::forget_vm(const std::string& id) {
  releasing_.erase(id);
  std::string session;
  if (const auto vm = vms_.extract(id)) session = vm.mapped()->session;
  if (!session.empty() && !is_buried(session)) guest_sessions_[id] = session;
  const auto guests = guests_.find(session);
  if (guests != guests_.end() && guests->second.erase(id) > 0 && guests->second.empty())
    guests_.erase(guests);
  if (!session.empty()) return bury_if_over(session);
  lost_guests_.push_back(id);
  if (lost_guests_.size() <= max_lost_guests) return;
  timelines_.erase(lost_guests_.front());
  lost_guests_.pop_front();
}

caf::result<Saved> Ledger::acquire(const std::vector<SharedValue<Resource>>& resources) {
  if (store_failure_) return Saved{store_failure_};
  auto promise = make_response_promise<Saved>();
  for (const auto& resource : resources)
    write(WriteResource{*resource, environment_->wall()});
  confirm([this, promise, resources](const std::optional<Cause>& failure) mutable {
    for (const auto& resource : resources) {
      if (failure) {  // what is not written down is not acquired
        gathered_.withdraw_resource(resource->id);
      } else {
        resources_[resource->vm].push_back(resource);
        record({0,
                environment_->wall(),
                "resource.acquired",
                resource->session,
                resource->vm,
                "",
                {{"kind", resource->kind}, {"name", resource->name}}});
      }
    }
    promise.deliver(Saved{failure});
  });
  return promise;
}

void Ledger::release(const Resource& resource) {
  if (const auto held = resources_.find(resource.vm); held != resources_.end()) {
    std::erase_if(held->second, [&](const auto& each) { return each->id == resource.id; });
    if (held->second.empty()) resources_.erase(held);
  }
  // In one batch with its event: each release is told exactly once, whenever we die.
  gathered_.add(StrikeResource{resource.id, environment_->wall()});
  record({0,
          environment_->wall(),
          "resource.released",
          resource.session,
          resource.vm,
          "",
          {{"kind", resource.kind}, {"name", resource.name}}});
}

void Ledger::remember(const Remember& memory) {
  const auto& subject = memory.subject;
  const bool is_whole = subject.find('/') == std::string::npos;
  if (!memory.state.empty()) {
    if (is_whole) remembered_.insert(subject);
    return write(WriteMemory{memory});
  }
  if (is_whole) remembered_.erase(subject);
  const bool is_session = is_whole && sessions_.contains(subject);
  // How the session was asked for is part of its tombstone.
  write(WriteMemory{memory, is_session ? "request" : ""});
  if (is_session) bury_if_over(subject);
}

void Ledger::add_token(const SaveToken& token) {
  session_tokens_[token.session].push_back(token.digest);
  tokens_[token.digest] = token;
}

void Ledger::forget_session(const std::string& id) {
  sessions_.erase(id);
  std::erase(session_order_, id);
  evident_guests_.erase(id);
  forget_timelines(id);
  if (const auto tokens = session_tokens_.extract(id))
    for (const auto& digest : tokens.mapped())
      tokens_.erase(digest);
}

}  // namespace aerie
