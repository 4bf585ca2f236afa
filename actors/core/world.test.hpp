#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/core/environment.hpp"
#include "actors/core/testing.hpp"
#include "actors/ports/socket_port.hpp"
#include "actors/ports/store.hpp"

/// Everything around an actor under test: ports that only remember, a virtual clock, numbered ids.
namespace aerie::testing {

/// Confirms at once, or on command.
class FakeStore final : public Store {
 public:
  void submit(StoreBatch batch, Done done) override;
  /// From the batches that were written.
  void read_events(EventQuery query, EventsRead done) override;
  [[nodiscard]] std::uint64_t oldest_event() const override { return oldest; }
  /// Ends the oldest batch under way.
  void finish(std::optional<Cause> with = std::nullopt);

  std::uint64_t oldest = 1;
  bool is_automatic = true;
  std::optional<Cause> failure;     ///< of every batch, while automatic
  std::vector<StoreBatch> batches;  ///< all that were submitted
  std::vector<EventPtr> events;     ///< all that were written
  std::vector<EventQuery> queries;

 private:
  void end(StoreBatch batch, const Done& done, std::optional<Cause> with);

  std::vector<std::pair<StoreBatch, Done>> waiting_;
};

/// Succeeds at once, or on command.
class FakeTombstones final : public TombstoneStore {
 public:
  void write(TombstoneOrder order, Written done) override;
  void explain(TombstoneQuestion question, Explained done) override;
  void remove(const std::string& session, Removed done) override;
  /// Ends the oldest write under way.
  void finish(std::optional<Cause> with = std::nullopt);

  bool is_automatic = true;
  std::optional<Cause> failure;                ///< of every write, while automatic
  std::optional<Cause> removal_failure;        ///< of every removal
  std::int64_t bytes = 1000;                   ///< of every tombstone
  std::vector<TombstoneOrder> orders;          ///< in the order in which they came
  std::map<std::string, TombstoneOrder> kept;  ///< by session: those that are there
  std::vector<std::string> removed;

 private:
  void end(const TombstoneOrder& order, const Written& done, const std::optional<Cause>& with);

  std::vector<std::pair<TombstoneOrder, Written>> waiting_;
};

/// What became of one machine, and the voice of its guest.
struct MachineRecord {
  MachineSpec spec;
  std::shared_ptr<MachineReports> reports;
  std::vector<std::string> calls;  ///< `start`, `kill BY`, `release KIND`
  std::vector<link::HostMessage> sent;
  std::optional<Cause> release_failure;
  bool releases_at_once = true;

  [[nodiscard]] bool was(const std::string& call) const;
  template <class T>
  [[nodiscard]] std::vector<T> sent_of() const {
    std::vector<T> found;
    for (const auto& each : sent)
      if (const auto* message = std::get_if<T>(&each)) found.push_back(*message);
    return found;
  }
};

class FakeDriver final : public Driver {
 public:
  std::unique_ptr<Machine> make(MachineSpec spec, std::shared_ptr<MachineReports> reports) override;

  void survey(std::function<void(std::vector<Orphan>)> found) override { found(present); }
  [[nodiscard]] MachineNeeds needs() const override { return needed; }

  std::vector<std::shared_ptr<MachineRecord>> machines;
  std::vector<Orphan> present;  ///< what a survey finds
  MachineNeeds needed;
};

class FakeSockets final : public SocketPort {
 public:
  void send(std::uint64_t socket, std::string text) override;
  void close(std::uint64_t socket, std::uint16_t code, const std::string& reason) override;
  void admit(std::uint64_t socket) override { admitted.insert(socket); }

  /// What was said on it, of one type or of all.
  [[nodiscard]] std::vector<Json> said(std::uint64_t socket, const std::string& type = "") const;

  std::map<std::uint64_t, std::vector<Json>> texts;
  std::map<std::uint64_t, std::uint16_t> closed;  ///< socket to code
  std::set<std::uint64_t> admitted;
};

class FakeLogs final : public LogStore {
 public:
  void append(const std::string& vm, const link::LogLines& lines, Instant at) override;
  void assign(const std::string& vm, const std::string& session) override;
  void close(const std::string& session) override { closed.insert(session); }
  void remove(const std::string& session, Removed done) override;

  std::map<std::string, std::vector<std::string>> lines;  ///< by VM
  std::map<std::string, std::string> owners;              ///< VM to session
  std::set<std::string> closed;
  std::vector<std::string> removed;
  std::optional<Cause> removal_failure;
};

/// The messages of an inbox that stands for a peer, as the viewer would read them.
[[nodiscard]] std::vector<Json> delivered(const Inbox& inbox, const std::string& type = "");

/// The types of messages, in order.
[[nodiscard]] std::vector<std::string> types(const std::vector<Json>& messages);

/// A profile `browser` with the children display, browser and stream, and a ledger that works.
class World {
 public:
  World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  void run() { system.run(); }
  void advance(Duration time) { system.advance(time); }
  void advance_at_once(Duration time) { system.advance_at_once(time); }

  /// The answer to a question, once there is one.
  template <class Reply, class Handle, class Message>
  std::shared_ptr<std::optional<Reply>> ask_later(const Handle& whom, const Message& message) {
    auto slot = std::make_shared<std::optional<Reply>>();
    system.system().spawn([=](caf::event_based_actor* self) {
      self->request(caf::actor_cast<caf::actor>(whom), caf::infinite, message)
          .then([slot](const Reply& reply) { *slot = reply; }, [](const caf::error&) {});
    });
    run();
    return slot;
  }

  /// The answer to a question; throws, which fails the test, if there is none.
  template <class Reply, class Handle, class Message>
  Reply ask(const Handle& whom, const Message& message) {
    return ask_later<Reply>(whom, message)->value();
  }

  template <class Handle, class Message>
  void tell(const Handle& whom, Message message) {
    post(whom, std::move(message));
    run();
  }

  /// A stand-in without memory of its own: its messages are in `inbox`.
  template <class Handle>
  Handle stand_in(const std::shared_ptr<Inbox>& inbox, caf::message_handler answers = {}) {
    const auto actor = system.stand_in<Handle>(inbox, std::move(answers));
    keep(actor);
    return actor;
  }

  /// Runs `make` in the system; the actor ends with the world.
  template <class Handle>
  Handle keep(Handle actor) {
    actors_.push_back(caf::actor_cast<caf::actor>(actor));
    return actor;
  }

  LedgerActor start_ledger(StoreContents contents = {});
  NodeActor start_node();
  ReaperActor start_reaper();
  VmActor start_vm(const VmOwnerActor& owner, const std::string& session = "");
  SessionActor start_session(const VmActor& vm, const std::vector<Hold>& holds = {});
  StreamActor start_stream(const SessionActor& session, std::uint64_t last_epoch = 0);
  PeerActor start_peer(std::uint64_t socket);

  /// Ends an actor as a fault of its own would.
  template <class Handle>
  void crash(const Handle& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::unhandled_exception);
    run();
  }

  [[nodiscard]] SessionRequest wish() const;
  [[nodiscard]] std::vector<EventPtr> events(const std::string& kind) const;
  [[nodiscard]] SessionDocumentPtr document(const std::string& session = "session");
  [[nodiscard]] Json why(const std::string& id);
  [[nodiscard]] std::shared_ptr<MachineRecord> machine(std::size_t index = 0) const;
  /// Brings a guest from its start to `ready`, with every child.
  void boot(const std::shared_ptr<MachineRecord>& machine);

  TestSystem system;
  std::shared_ptr<FakeStore> store = std::make_shared<FakeStore>();
  std::shared_ptr<FakeDriver> driver = std::make_shared<FakeDriver>();
  std::shared_ptr<FakeSockets> sockets = std::make_shared<FakeSockets>();
  std::shared_ptr<FakeLogs> logs = std::make_shared<FakeLogs>();
  std::shared_ptr<FakeTombstones> tombstones = std::make_shared<FakeTombstones>();
  EnvironmentPtr environment = std::make_shared<Environment>();
  Profile profile;

 private:
  std::vector<caf::actor> actors_;
  std::shared_ptr<Inbox> recorded_ = std::make_shared<Inbox>();
  int last_id_ = 0;
  int last_token_ = 0;
};

/// News of a child as a guest tells them.
[[nodiscard]] link::ChildNews child_news(link::ChildNewsKind kind, const std::string& child);

/// The end of a child, with what else its kind asks for.
[[nodiscard]] ExitRecord exit_of(const std::string& child, CauseKind kind);

[[nodiscard]] Cause some_cause(CauseKind kind, const std::string& message = "It broke.");

}  // namespace aerie::testing
