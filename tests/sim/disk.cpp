#include "tests/sim/disk.hpp"

#include <algorithm>

namespace aerie::sim {
namespace {

const Cause disk_full{CauseKind::disk_full, "The simulated disk is full.", "Wait.", {}};

}  // namespace

class Disk::Port final : public Store {
 public:
  Port(Disk& disk, std::uint64_t life) : disk_(disk), life_(life) {}
  void submit(StoreBatch batch, Done done) override {
    if (disk_.life_ == life_) disk_.submit(std::move(batch), std::move(done));
  }
  void read_events(EventQuery query, EventsRead done) override {
    if (disk_.life_ == life_) disk_.read(query, done);
  }
  [[nodiscard]] std::uint64_t oldest_event() const override { return 1; }

 private:
  Disk& disk_;
  std::uint64_t life_;
};

std::shared_ptr<Store> Disk::open() {
  return std::make_shared<Port>(*this, life_);
}

Duration Disk::latency() {
  return agenda_.now() < slow_until_ ? random_.between(Duration{50}, Duration{4'000})
                                     : random_.between(Duration{0}, Duration{3});
}

void Disk::submit(StoreBatch batch, Store::Done done) {
  last_finish_ = std::max(last_finish_, agenda_.now() + latency());
  agenda_.at(last_finish_,
             [this, life = life_, shared = std::make_shared<StoreBatch>(std::move(batch)),
              done = std::move(done)] {
               if (life == life_) finish(std::move(*shared), done);
             });
}

void Disk::finish(StoreBatch batch, const Store::Done& done) {
  if (is_full()) return done(std::move(batch), disk_full);
  const bool is_death = death_ && --death_->count == 0;
  if (!is_death || death_->is_durable) {
    for (const auto& write : batch.writes)
      commit(write);
    ++commits;
  }
  if (!is_death) return done(std::move(batch), std::nullopt);
  const auto call = std::move(death_->call);
  death_.reset();
  call();
}

void Disk::read(const EventQuery& query, const Store::EventsRead& done) {
  std::vector<EventPtr> page;
  for (const auto& event : events_)
    if (event->seq > query.after && page.size() < query.most &&
        (query.session.empty() || query.session == event->session))
      page.push_back(event);
  agenda_.after(latency(), [this, life = life_, done, page = std::move(page)] {
    if (life == life_) done(page);
  });
}

void Disk::commit(const StoreWrite& write) {
  if (const auto* session = std::get_if<WriteSession>(&write)) {
    auto& stored = sessions_[session->document->id];
    if (!stored) session_order_.push_back(session->document->id);
    stored = session->document;
  } else if (const auto* resource = std::get_if<WriteResource>(&write)) {
    resources_.push_back(resource->resource);
  } else if (const auto* struck = std::get_if<StrikeResource>(&write)) {
    std::erase_if(resources_, [&](const auto& each) { return each.id == struck->id; });
  } else if (const auto* token = std::get_if<WriteToken>(&write)) {
    tokens_.push_back(token->token);
  } else if (const auto* event = std::get_if<WriteEvent>(&write)) {
    events_.push_back(event->event);
  } else if (const auto* memory = std::get_if<WriteMemory>(&write)) {
    if (memory->memory.state.empty())
      strike_memory(memory->memory.subject, memory->spared);
    else
      memories_[memory->memory.subject] = Json::parse(memory->memory.state);
  } else if (const auto* tombstone = std::get_if<WriteTombstoneRecord>(&write)) {
    tombstones_[tombstone->record.session] = tombstone->record;
  } else if (const auto* dropped = std::get_if<DropSession>(&write)) {
    drop(dropped->session);
  }
}

void Disk::strike_memory(const std::string& subject, const std::string& spared) {
  memories_.erase(subject);
  const auto prefix = subject + "/";
  auto each = memories_.lower_bound(prefix);
  while (each != memories_.end() && each->first.starts_with(prefix))
    each =
        !spared.empty() && each->first == prefix + spared ? std::next(each) : memories_.erase(each);
}

void Disk::drop(const std::string& session) {
  sessions_.erase(session);
  std::erase(session_order_, session);
  std::erase_if(tokens_, [&](const SaveToken& each) { return each.session == session; });
  strike_memory(session, "");
  tombstones_.erase(session);
}

StoreContents Disk::contents() const {
  StoreContents contents;
  for (const auto& id : session_order_)
    contents.sessions.push_back(sessions_.at(id));
  contents.tokens = tokens_;
  contents.resources = resources_;
  contents.events = events_;
  contents.last_seq = events_.empty() ? 0 : events_.back()->seq;
  contents.memories = memories_;
  for (const auto& [session, record] : tombstones_)
    contents.tombstones.push_back(record);
  return contents;
}

bool Disk::has_tombstone(const std::string& session, const std::string& vm) const {
  const auto found = tombstones_.find(session);
  return found != tombstones_.end() && std::find(found->second.vms.begin(), found->second.vms.end(),
                                                 vm) != found->second.vms.end();
}

SessionDocumentPtr Disk::session(const std::string& id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second;
}

void Disk::die_at(std::uint64_t count, bool is_durable, std::function<void()> death) {
  death_ = Death{count, is_durable, std::move(death)};
}

void Disk::heal() {
  death_.reset();
  full_until_ = {};
  slow_until_ = {};
}

}  // namespace aerie::sim
