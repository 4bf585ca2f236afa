#include "benchmarks/support/many_sessions.hpp"

#include <algorithm>
#include <atomic>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "actors/ledger/ledger.hpp"
#include "actors/node/node.hpp"
#include "actors/reaper/reaper.hpp"
#include "runtime/secrets/identity.hpp"

namespace aerie::bench {
namespace {

/// Confirms at once what it forgets at once.
class NoStore final : public Store {
 public:
  void submit(StoreBatch batch, Done done) override { done(std::move(batch), std::nullopt); }
  void read_events(EventQuery, EventsRead done) override { done(std::vector<EventPtr>{}); }
  [[nodiscard]] std::uint64_t oldest_event() const override { return 1; }
};

class NoLogs final : public LogStore {
 public:
  void append(const std::string&, const link::LogLines&, Instant) override {}
  void assign(const std::string&, const std::string&) override {}
  void close(const std::string&) override {}
  void remove(const std::string&, Removed done) override { done(std::nullopt); }
};

Profile small_profile() {
  Profile profile;
  profile.name = "browser";
  profile.children.resize(2);
  profile.children[0].name = "browser";
  profile.children[0].command = {"browser"};
  profile.children[1].name = "stream";
  profile.children[1].builtin = Builtin::stream;
  return profile;
}

void configure(caf::actor_system_config& config, bool with_virtual_time) {
  if (with_virtual_time) {
    config.set("scheduler.policy", caf::atom("testing"));
    return;
  }
  // As the controller's.
  config.set("scheduler.policy", caf::atom("stealing"));
  config.set("scheduler.max-threads", std::size_t{std::thread::hardware_concurrency()});
  config.set("scheduler.max-throughput", std::size_t{300});
  config.set("work-stealing.aggressive-poll-attempts", std::size_t{10});
  config.set("work-stealing.moderate-poll-attempts", std::size_t{0});
}

}  // namespace

// -- guests ---------------------------------------------------------------------------------------

class InstantDriver final : public Driver {
 public:
  struct Guest {
    std::string session;
    std::shared_ptr<MachineReports> reports;
  };

  std::unique_ptr<Machine> make(MachineSpec spec,
                                std::shared_ptr<MachineReports> reports) override {
    const std::lock_guard lock{mutex_};
    guests_.push_back({spec.configure.session, reports});
    return std::make_unique<InstantMachine>(std::move(reports));
  }
  void survey(std::function<void(std::vector<Orphan> machines)> found) override { found({}); }

  [[nodiscard]] const Guest& guest(std::size_t number) const { return guests_.at(number); }

 private:
  class InstantMachine final : public Machine {
   public:
    explicit InstantMachine(std::shared_ptr<MachineReports> reports)
        : reports_(std::move(reports)) {}

    [[nodiscard]] std::vector<Resource> resources() const override {
      return {{"", "", "", "directory", "directory"}, {"", "", "", "process", "process"}};
    }
    void start() override {
      using enum link::ChildNewsKind;
      reports_->on_started(1);
      reports_->on_linked();
      reports_->on_says(link::Configured{});
      for (const auto* child : {"browser", "stream"})
        for (const auto kind : {started, ready}) {
          link::ChildNews news;
          news.kind = kind;
          news.child = child;
          news.pid = 1;
          reports_->on_says(std::move(news));
        }
      reports_->on_says(link::AllReady{});
    }
    void adopt() override {}
    void send(const link::HostMessage&) override {}
    void pause(bool) override {}
    void kill(const std::string&) override {}
    void release(const Resource& resource) override {
      reports_->on_released(resource, std::nullopt);
    }

   private:
    std::shared_ptr<MachineReports> reports_;
  };

  std::mutex mutex_;
  std::vector<Guest> guests_;
};

/// Counts the sessions that are ready.
class ManySessions::Readiness {
 public:
  void count() {
    const std::lock_guard lock{mutex_};
    ++ready_;
    changed_.notify_all();
  }
  void wait_for(std::size_t count, std::chrono::seconds at_most) {
    std::unique_lock lock{mutex_};
    if (!changed_.wait_for(lock, at_most, [&] { return ready_ >= count; }))
      throw std::runtime_error("only " + std::to_string(ready_) + " sessions became ready");
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t ready_ = 0;
};

// -- the controller -------------------------------------------------------------------------------

ManySessions::ManySessions(bool with_virtual_time, std::shared_ptr<Roster> roster)
    : environment_(std::make_shared<Environment>()),
      driver_(std::make_shared<InstantDriver>()),
      readiness_(std::make_shared<Readiness>()),
      with_virtual_time_(with_virtual_time) {
  configure(config_, with_virtual_time);
  config_.roster = std::move(roster);
  system_ = std::make_unique<caf::actor_system>(config_);
  system_->await_actors_before_shutdown(false);
  auto& settings = environment_->settings;
  settings.max_sessions = 1'000'000;
  settings.network_pool = "10.0.0.0/8";
  environment_->profiles["browser"] = small_profile();
  environment_->drivers["process"] = driver_;
  environment_->logs = std::make_shared<NoLogs>();
  const auto begun = system_->clock().now();
  environment_->wall = [this, begun, at = wall_now()] {
    return at + std::chrono::duration_cast<Duration>(system_->clock().now() - begun);
  };
  const auto next = std::make_shared<std::atomic<std::uint64_t>>();
  environment_->new_id = [next] {
    // As long as real ones.
    auto id = std::to_string(++*next);
    return std::string(36 - id.size(), '0') + id;
  };
  environment_->new_token = environment_->new_id;
  environment_->digest = sha256_hex;
  const LedgerActor ledger =
      system_->spawn<Ledger>(environment_, std::make_shared<NoStore>(), StoreContents{});
  environment_->directory.put(ledger);
  const NodeActor node = system_->spawn<Node>(
      environment_, AddressPool::make(environment_->settings.network_pool).value());
  environment_->directory.put(node);
  const ReaperActor reaper = system_->spawn<Reaper>(environment_);
  environment_->directory.put(reaper);
  const auto reader = system_->spawn([readiness = readiness_]() -> caf::behavior {
    return {[readiness](const Recorded& recorded) {
      const auto& event = *recorded.event;
      if (event.kind == "session.state" && event.data.at("state") == "ready") readiness->count();
    }};
  });
  caf::anon_send(ledger, Subscribe{caf::actor_cast<EventReaderActor>(reader), 0, {}, ""});
  actors_ = {caf::actor_cast<caf::actor>(ledger), caf::actor_cast<caf::actor>(node),
             caf::actor_cast<caf::actor>(reaper), reader};
  settle();
}

ManySessions::~ManySessions() {
  environment_->directory.clear();
  for (const auto& actor : actors_)
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  actors_.clear();
  settle();
}

void ManySessions::create(std::size_t count) {
  SessionRequest request;
  request.user_id = "someone";
  request.profile = "browser";
  request.driver = "process";
  request.url = "https://example.org/";
  request.idle = request.max = Duration{86'400'000};  // none ends while it is measured
  const auto node = environment_->directory.node();
  created_ += count;
  for (std::size_t i = 0; i < count; ++i)
    caf::anon_send(node, CreateSession{request, environment_->new_token()});
  settle();
  readiness_->wait_for(created_, std::chrono::seconds{with_virtual_time_ ? 0 : 600});
}

void ManySessions::settle() {
  if (with_virtual_time_) advance(Duration{0});
}

/// Timers without a delay are due at once, and so are those that these lead to.
void ManySessions::advance(Duration time) {
  auto& scheduler = static_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  scheduler.run();
  scheduler.advance_time(time);
  do
    scheduler.run();
  while (scheduler.advance_time(Duration{0}) > 0);
}

const std::string& ManySessions::session(std::size_t number) const {
  return driver_->guest(number).session;
}

MachineReports& ManySessions::guest(std::size_t number) const {
  return *driver_->guest(number).reports;
}

}  // namespace aerie::bench
