#include "actors/core/world.test.hpp"

#include <algorithm>

#include "actors/ledger/ledger.hpp"
#include "actors/node/node.hpp"
#include "actors/peer/peer.hpp"
#include "actors/reaper/reaper.hpp"
#include "actors/session/session.hpp"
#include "actors/stream/stream.hpp"
#include "actors/vm/vm.hpp"

namespace aerie::testing {
namespace {

constexpr Instant begin{Duration{1'767'225'600'000}};  // 2026-01-01T00:00:00Z

class FakeMachine final : public Machine {
 public:
  explicit FakeMachine(std::shared_ptr<MachineRecord> record) : record_(std::move(record)) {}

  [[nodiscard]] std::vector<Resource> resources() const override {
    return {{"", "", "", "directory", "vms/" + record_->spec.vm},
            {"", "", "", "process", "guest of " + record_->spec.vm}};
  }
  void start() override { record_->calls.emplace_back("start"); }
  void adopt() override { record_->calls.emplace_back("adopt"); }
  void send(const link::HostMessage& message) override { record_->sent.push_back(message); }
  void pause(bool is_paused) override {
    record_->calls.emplace_back(is_paused ? "pause" : "go on");
  }
  void kill(const std::string& by) override { record_->calls.push_back("kill " + by); }
  void release(const Resource& resource) override {
    record_->calls.push_back("release " + resource.kind);
    if (record_->releases_at_once)
      record_->reports->on_released(resource, record_->release_failure);
  }

 private:
  std::shared_ptr<MachineRecord> record_;
};

ChildSpec child(const char* name, std::optional<Builtin> builtin) {
  ChildSpec spec;
  spec.name = name;
  spec.builtin = builtin;
  if (!builtin) spec.command = {name};
  spec.grace = Duration{1000};
  return spec;
}

}  // namespace

// -- ports ----------------------------------------------------------------------------------------

void FakeStore::submit(StoreBatch batch, Done done) {
  batches.push_back(batch);
  if (is_automatic)
    end(std::move(batch), done, failure);
  else
    waiting_.emplace_back(std::move(batch), std::move(done));
}

void FakeStore::finish(std::optional<Cause> with) {
  auto [batch, done] = std::move(waiting_.at(0));
  waiting_.erase(waiting_.begin());
  end(std::move(batch), done, std::move(with));
}

void FakeStore::end(StoreBatch batch, const Done& done, std::optional<Cause> with) {
  if (!with)
    for (const auto& write : batch.writes)
      if (const auto* event = std::get_if<WriteEvent>(&write)) events.push_back(event->event);
  done(std::move(batch), std::move(with));
}

void FakeStore::read_events(EventQuery query, EventsRead done) {
  queries.push_back(query);
  std::vector<EventPtr> page;
  for (const auto& event : events)
    if (event->seq > query.after && page.size() < query.most &&
        (query.session.empty() || query.session == event->session))
      page.push_back(event);
  done(std::move(page));
}

void FakeTombstones::write(TombstoneOrder order, Written done) {
  orders.push_back(order);
  if (is_automatic)
    end(order, done, failure);
  else
    waiting_.emplace_back(std::move(order), std::move(done));
}

void FakeTombstones::finish(std::optional<Cause> with) {
  const auto [order, done] = std::move(waiting_.at(0));
  waiting_.erase(waiting_.begin());
  end(order, done, with);
}

void FakeTombstones::end(const TombstoneOrder& order, const Written& done,
                         const std::optional<Cause>& with) {
  if (with) return done(tl::unexpected(*with));
  auto& kept_order = kept[order.document->id];
  const auto why = kept_order.why;
  kept_order = order;
  if (order.why.is_null()) kept_order.why = why;
  done(bytes);
}

void FakeTombstones::explain(TombstoneQuestion question, Explained done) {
  const auto found = kept.find(question.document->id);
  if (found == kept.end()) return done(nullptr);
  auto why = found->second.why;
  if (!question.vm.empty()) why["subject"] = {{"kind", "vm"}, {"id", question.vm}};
  if (!question.child.empty()) why["subject"] = {{"kind", "child"}, {"id", question.child}};
  done(std::move(why));
}

void FakeTombstones::remove(const std::string& session, Removed done) {
  if (removal_failure) return done(removal_failure);
  removed.push_back(session);
  kept.erase(session);
  done(std::nullopt);
}

bool MachineRecord::was(const std::string& call) const {
  return std::find(calls.begin(), calls.end(), call) != calls.end();
}

std::unique_ptr<Machine> FakeDriver::make(MachineSpec spec,
                                          std::shared_ptr<MachineReports> reports) {
  auto record = std::make_shared<MachineRecord>();
  record->spec = std::move(spec);
  record->reports = std::move(reports);
  machines.push_back(record);
  return std::make_unique<FakeMachine>(record);
}

void FakeSockets::send(std::uint64_t socket, std::string text) {
  texts[socket].push_back(Json::parse(text));
}

void FakeSockets::close(std::uint64_t socket, std::uint16_t code, const std::string&) {
  closed.emplace(socket, code);
}

std::vector<Json> FakeSockets::said(std::uint64_t socket, const std::string& type) const {
  std::vector<Json> found;
  if (const auto all = texts.find(socket); all != texts.end())
    for (const auto& each : all->second)
      if (type.empty() || each.at("type") == type) found.push_back(each);
  return found;
}

void FakeLogs::append(const std::string& vm, const link::LogLines& added, Instant) {
  auto& kept = lines[vm];
  kept.insert(kept.end(), added.lines.begin(), added.lines.end());
}

void FakeLogs::assign(const std::string& vm, const std::string& session) {
  owners[vm] = session;
}

void FakeLogs::remove(const std::string& session, Removed done) {
  if (!removal_failure) removed.push_back(session);
  done(removal_failure);
}

std::vector<Json> delivered(const Inbox& inbox, const std::string& type) {
  std::vector<Json> found;
  for (const auto& each : inbox.all<Deliver>())
    if (type.empty() || each.message.at("type") == type) found.push_back(each.message);
  return found;
}

std::vector<std::string> types(const std::vector<Json>& messages) {
  std::vector<std::string> found;
  for (const auto& each : messages)
    found.push_back(each.at("type").get<std::string>());
  return found;
}

// -- the world ------------------------------------------------------------------------------------

World::World() {
  // An actor that a failing test leaves behind must not stop the others.
  system.system().await_actors_before_shutdown(false);
  profile.name = "browser";
  profile.resources = {2, 1024};
  profile.children = {child("display", Builtin::display), child("browser", std::nullopt),
                      child("stream", Builtin::stream)};
  auto& settings = environment->settings;
  settings.network_pool = "10.77.0.0/29";
  environment->profiles["browser"] = profile;
  environment->drivers["process"] = driver;
  environment->logs = logs;
  environment->tombstones = tombstones;
  environment->roster = system.roster();
  const auto started = system.system().clock().now();
  environment->wall = [this, started] {
    return begin + std::chrono::duration_cast<Duration>(system.system().clock().now() - started);
  };
  environment->new_id = [this] { return "id-" + std::to_string(++last_id_); };
  environment->new_token = [this] { return "token-" + std::to_string(++last_token_); };
  environment->digest = [](const std::string& token) { return "digest of " + token; };
  environment->operator_digest = "digest of operator";
  environment->observer_digest = "digest of observer";
  start_ledger();
}

World::~World() {
  environment->directory.clear();
  for (const auto& actor : actors_)
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  run();
}

LedgerActor World::start_ledger(StoreContents contents) {
  const LedgerActor ledger =
      keep(LedgerActor{system.system().spawn<Ledger>(environment, store, std::move(contents))});
  environment->directory.put(ledger);
  recorded_->clear();
  tell(ledger, Subscribe{stand_in<EventReaderActor>(recorded_), 0, std::nullopt, ""});
  return ledger;
}

NodeActor World::start_node() {
  auto addresses = AddressPool::make(environment->settings.network_pool).value();
  const NodeActor node =
      keep(NodeActor{system.system().spawn<Node>(environment, std::move(addresses))});
  environment->directory.put(node);
  run();
  return node;
}

ReaperActor World::start_reaper() {
  const ReaperActor reaper = keep(ReaperActor{system.system().spawn<Reaper>(environment)});
  environment->directory.put(reaper);
  return reaper;
}

VmActor World::start_vm(const VmOwnerActor& owner, const std::string& session) {
  MachineSpec spec;
  spec.vm = "vm";
  spec.address = "10.77.0.1";
  spec.configure.vm = "vm";
  spec.configure.session = session;
  spec.configure.profile = profile;
  const auto node = environment->directory.node();
  return keep(VmActor{system.system().spawn<Vm>(environment, spec, "process", owner,
                                                node ? node.address() : caf::actor_addr{})});
}

SessionActor World::start_session(const VmActor& vm, const std::vector<Hold>& holds) {
  SessionDocument document;
  document.id = "session";
  document.user_id = "someone";
  document.profile = profile.name;
  document.driver = "process";
  document.vm_id = "vm";
  document.holds = holds;
  document.created_at = environment->wall();
  document.idle = Duration{600'000};
  document.max = Duration{3'600'000};
  ask<Saved>(environment->directory.ledger(),
             SaveSession{std::make_shared<const SessionDocument>(document)});
  const auto node = environment->directory.node();
  const SessionActor session = keep(
      SessionActor{system.system().spawn<Session>(environment, document, profile, profile.display,
                                                  vm, node ? node.address() : caf::actor_addr{})});
  run();
  return session;
}

StreamActor World::start_stream(const SessionActor& session, std::uint64_t last_epoch) {
  return keep(StreamActor{
      system.system().spawn<Stream>(environment, session, SharedValue{profile}, last_epoch)});
}

PeerActor World::start_peer(std::uint64_t socket) {
  return keep(PeerActor{system.system().spawn<Peer>(environment, sockets, socket)});
}

SessionRequest World::wish() const {
  SessionRequest request;
  request.user_id = "someone";
  request.profile = profile.name;
  request.driver = "process";
  request.url = "https://example.org/";
  return request;
}

std::vector<EventPtr> World::events(const std::string& kind) const {
  std::vector<EventPtr> found;
  for (const auto& each : recorded_->all<Recorded>())
    if (each.event->kind == kind) found.push_back(each.event);
  return found;
}

SessionDocumentPtr World::document(const std::string& session) {
  return ask<SessionFound>(environment->directory.ledger(), FindSession{session}).document;
}

Json World::why(const std::string& id) {
  return ask<WhyAnswer>(environment->directory.ledger(), AskWhy{id}).why.value_or(nullptr);
}

std::shared_ptr<MachineRecord> World::machine(std::size_t index) const {
  return driver->machines.at(index);
}

void World::boot(const std::shared_ptr<MachineRecord>& machine) {
  using enum link::ChildNewsKind;
  auto& guest = *machine->reports;
  guest.on_started(1000);
  guest.on_linked();
  guest.on_says(link::Configured{});
  for (const auto& each : machine->spec.configure.profile->children) {
    guest.on_says(child_news(started, each.name));
    guest.on_says(child_news(ready, each.name));
  }
  guest.on_says(link::AllReady{});
  run();
}

link::ChildNews child_news(link::ChildNewsKind kind, const std::string& child) {
  link::ChildNews news;
  news.kind = kind;
  news.child = child;
  news.pid = 42;
  return news;
}

ExitRecord exit_of(const std::string& child, CauseKind kind) {
  ExitRecord exit;
  exit.child = child;
  exit.pid = 42;
  exit.kind = kind;
  exit.message = child + " ended: " + std::string{to_string(kind)};
  exit.tail = {"the last line"};
  return exit;
}

Cause some_cause(CauseKind kind, const std::string& message) {
  return {kind, message, "Mend it.", {}};
}

}  // namespace aerie::testing
