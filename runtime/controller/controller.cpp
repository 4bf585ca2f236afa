#include "runtime/controller/controller.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <cerrno>
#include <mutex>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

#include "actors/ledger/ledger.hpp"
#include "actors/node/node.hpp"
#include "actors/reaper/reaper.hpp"
#include "actors/supervisor/actor_host.hpp"
#include "actors/supervisor/supervisor.hpp"
#include "runtime/console/console.hpp"
#include "runtime/console/console_socket.hpp"
#include "runtime/controller/actor_settings.hpp"
#include "runtime/controller/disk_watch.hpp"
#include "runtime/controller/event_log.hpp"
#include "runtime/controller/gateway_parts.hpp"
#include "runtime/controller/log_output.hpp"
#include "runtime/controller/state_directory.hpp"
#include "runtime/controller/watchdog.hpp"
#include "runtime/doctor/doctor_desk.hpp"
#include "runtime/drivers/firecracker/firecracker_driver.hpp"
#include "runtime/drivers/guest_network_options.hpp"
#include "runtime/drivers/process/process_driver.hpp"
#include "runtime/drivers/qemu/qemu_driver.hpp"
#include "runtime/logs/log_files.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/store/sqlite_store.hpp"
#include "runtime/tombstones/tombstone_files.hpp"
#include "runtime/tombstones/tombstone_inventory.hpp"
#include "runtime/vault/open_vault.hpp"

namespace aerie {
namespace {

constexpr Duration actor_grace{2000};

/// As many threads as cores; sleeping when there is nothing to do, awake within microseconds.
class SystemConfig : public RosterConfig {
 public:
  explicit SystemConfig(std::shared_ptr<Roster> its_roster) {
    roster = std::move(its_roster);
    set("scheduler.policy", caf::atom("stealing"));
    set("scheduler.max-threads", std::max<std::size_t>(2, std::thread::hardware_concurrency()));
    set("scheduler.max-throughput", std::size_t{300});
    set("work-stealing.aggressive-poll-attempts", std::size_t{10});
    set("work-stealing.moderate-poll-attempts", std::size_t{0});
    set("logger.console", caf::atom("none"));
  }
};

/// Tells the controller when the root supervisor has ended. An eventfd wakes who waits for it.
class RootListener final : public SupervisorListener {
 public:
  struct Outcome {
    std::mutex mutex;
    std::optional<Cause> cause;
    UniqueFd wake{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  };

  explicit RootListener(std::shared_ptr<Outcome> outcome) : outcome_(std::move(outcome)) {}

  void on_news(const link::ChildNews& news) override {
    if (news.exit && news.exit->kind == CauseKind::exit_code)
      spdlog::critical("actor={} {}", news.child, news.exit->message);
  }
  void on_all_ready() override {}
  void on_finished(const std::optional<Cause>& cause) override {
    {
      const std::lock_guard lock{outcome_->mutex};
      outcome_->cause = cause;
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(outcome_->wake.get(), &one, sizeof one);
  }

 private:
  std::shared_ptr<Outcome> outcome_;
};

/// Writes down what becomes of the replaceable actors.
class LoggingListener final : public SupervisorListener {
 public:
  void on_news(const link::ChildNews& news) override {
    if (news.exit && news.exit->kind == CauseKind::exit_code)
      spdlog::error("actor={} {}", news.child, news.exit->message);
  }
  void on_all_ready() override {}
  void on_finished(const std::optional<Cause>& cause) override {
    if (cause) spdlog::error("services end: {}", cause->message);
  }
};

SupervisorPlan plan_of(Strategy strategy, Intensity intensity,
                       const std::vector<std::string>& names) {
  SupervisorPlan plan{strategy, intensity, {}};
  for (const auto& name : names) {
    SupervisedChild child;
    child.name = name;
    child.grace = actor_grace;
    plan.children.push_back(child);
  }
  return plan;
}

}  // namespace

/// The controller's members, in the order in which they depend on each other.
class Controller::Parts {
 public:
  Parts(Configuration configuration, Profiles profiles, const Providers& providers)
      : settings_(std::move(configuration.settings)),
        shown_configuration_(effective_config(configuration.entries)),
        profiles_(std::move(profiles)),
        providers_(providers) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() { stop(false, Duration{0}); }

  Result<void> start();
  void stop(bool stop_guests, Duration within);
  void hurry() { is_hurried_ = true; }
  std::optional<Cause> wait(int stop_fd);
  void watch_itself(Duration every, std::function<void()> well) {
    watchdog_ = std::make_unique<Watchdog>(*reactor_, environment_, every, std::move(well));
  }
  [[nodiscard]] std::string address() const { return gateway_->address(); }

 private:
  void open_networks();
  void close_networks();
  void make_environment();
  void start_actors(StoreContents contents);
  [[nodiscard]] ConsoleWorld console_world();
  void drain(bool stop_guests, Duration within);

  Settings settings_;
  Json shown_configuration_;
  Profiles profiles_;
  Providers providers_;
  std::optional<StateDirectory> state_;
  std::unique_ptr<Reactor> reactor_;
  std::unique_ptr<Reactor> disk_;
  std::unique_ptr<Reactor> bench_;  ///< for what takes seconds
  std::shared_ptr<network::GuestNetworks> networks_;
  std::shared_ptr<SqliteStore> store_;
  std::shared_ptr<LogFiles> logs_;
  std::shared_ptr<TombstoneFiles> tombstones_;
  std::shared_ptr<Vault> vault_;
  EnvironmentPtr environment_;
  std::unique_ptr<SystemConfig> config_;
  std::unique_ptr<caf::actor_system> system_;
  SupervisorActor root_;
  std::shared_ptr<RootListener::Outcome> outcome_ = std::make_shared<RootListener::Outcome>();
  std::shared_ptr<DoctorDesk> doctor_;
  std::unique_ptr<GatewayParts> gateway_;
  std::unique_ptr<DiskWatch> disk_watch_;
  std::unique_ptr<ConsoleSocket> console_socket_;
  std::unique_ptr<Watchdog> watchdog_;
  std::atomic<bool> is_hurried_ = false;
};

Result<void> Controller::Parts::start() {
  set_log_form(settings_.log);
  auto state = StateDirectory::open(settings_.state);
  if (!state) return tl::unexpected(state.error());
  state_ = std::move(*state);
  auto store = SqliteStore::open({state_->path() + "/aerie.db"});
  if (!store) return tl::unexpected(store.error());
  store_ = std::move(store->store);
  reactor_ = std::make_unique<Reactor>();
  disk_ = std::make_unique<Reactor>();
  bench_ = std::make_unique<Reactor>();
  logs_ = std::make_shared<LogFiles>(*disk_, state_->path());
  if (auto tidied = TombstoneFiles::tidy(state_->path()); !tidied)
    return tl::unexpected(tidied.error());
  add_unknown_sessions(state_->path(), store->contents);
  tombstones_ = std::make_shared<TombstoneFiles>(state_->path(), *disk_, shown_configuration_);
  auto vault = open_vault(settings_, state_->path(), *disk_);
  if (!vault) return tl::unexpected(vault.error());
  vault_ = std::move(*vault);
  open_networks();
  make_environment();
  auto gateway = GatewayParts::bind(settings_, environment_, logs_, doctor_);
  if (!gateway) return tl::unexpected(gateway.error());
  gateway_ = std::move(*gateway);
  environment_->stream_meter = gateway_->metrics();
  config_ = std::make_unique<SystemConfig>(environment_->roster);
  system_ = std::make_unique<caf::actor_system>(*config_);
  start_actors(std::move(store->contents));
  disk_watch_ = std::make_unique<DiskWatch>(*disk_, environment_, state_->path());
  auto console = ConsoleSocket::open(*reactor_, state_->path() + "/console.sock", environment_);
  if (!console) return tl::unexpected(console.error());
  console_socket_ = std::move(*console);
  return state_->write_address(gateway_->address());
}

/// Where guests can't have networks of their own they share the host's, which is said.
void Controller::Parts::open_networks() {
  if (const auto own = guests_get_networks(settings_); !own) {
    if (own.error().kind != CauseKind::requested)
      spdlog::warn("Guests share the host's network: {}", own.error().message);
    return;
  }
  auto opened =
      network::GuestNetworks::open(guest_network_options(settings_, state_tag(state_->path())));
  if (!opened) return spdlog::warn("Guests share the host's network: {}", opened.error().message);
  networks_ = std::move(*opened);
  for (const auto& name : networks_->forwarding_interfaces())
    spdlog::info("net.ipv4.conf.{}.forwarding is on, for guests' packets only", name);
}

/// Guests that go on keep theirs.
void Controller::Parts::close_networks() {
  if (!networks_) return;
  if (const auto closed = networks_->close(); !closed)
    spdlog::warn("{} {}", closed.error().message, closed.error().remedy);
}

void Controller::Parts::make_environment() {
  environment_ = std::make_shared<Environment>();
  fill_environment(*environment_, settings_, profiles_);
  environment_->providers = providers_;
  environment_->vault = vault_;
  environment_->roster = std::make_shared<Roster>(environment_->new_id);
  environment_->logs = logs_;
  environment_->tombstones = tombstones_;
  environment_->operator_digest = environment_->digest(state_->operator_token());
  environment_->observer_digest = environment_->digest(state_->observer_token());
  auto options = process_driver_options(settings_, state_->path());
  options.networks = networks_.get();
  doctor_ = std::make_shared<DoctorDesk>(settings_, profiles_, *reactor_, *bench_,
                                         options.media_registry);
  environment_->drivers["process"] = std::make_shared<ProcessDriver>(*reactor_, *disk_, options);
  const auto vms = vm_options(options, settings_);
  environment_->drivers["qemu"] =
      make_qemu_driver(*reactor_, *bench_, vms, image_settings(settings_), settings_.qemu_program);
  environment_->drivers["firecracker"] =
      make_firecracker_driver(*reactor_, *bench_, vms, image_settings(settings_),
                              {settings_.firecracker_program, settings_.jailer_program});
}

void Controller::Parts::start_actors(StoreContents contents) {
  auto& system = *system_;
  const auto environment = environment_;
  const auto shared_contents = std::make_shared<StoreContents>(std::move(contents));
  using Factories = std::map<std::string, ActorHost::Factory>;

  // What can be started anew at any time, for it keeps nothing.
  const Factories replaceable{
      {"reaper",
       [&system, environment] {
         const ReaperActor reaper = system.spawn<Reaper>(environment);
         environment->directory.put(reaper);
         post(environment->directory.node(), ReaperBegins{});
         return caf::actor_cast<caf::actor>(reaper);
       }},
      {"gateway", [this, &system] { return gateway_->spawn(system); }},
      {"console",
       [&system, environment, world = console_world()] {
         const ConsoleActor console = system.spawn<Console>(environment, world);
         environment->directory.put(console);
         return caf::actor_cast<caf::actor>(console);
       }},
      {"event-log",
       [&system, environment, metrics = gateway_->metrics(),
        since = std::optional{shared_contents->last_seq}]() mutable {
         const EventReaderActor log = system.spawn<EventLog>(metrics);
         // The first one begins with what the ledger itself had to say when it was opened.
         post(environment->directory.ledger(),
              Subscribe{log, 0, std::exchange(since, std::nullopt), ""});
         return caf::actor_cast<caf::actor>(log);
       }},
  };
  // What remembers: if it fails the controller ends with the cause, rather than go on without.
  const Factories core{
      {"ledger",
       [this, &system, environment, shared_contents] {
         const LedgerActor ledger = system.spawn<Ledger>(environment, store_, *shared_contents);
         environment->directory.put(ledger);
         return caf::actor_cast<caf::actor>(ledger);
       }},
      {"node",
       [&system, environment, shared_contents,
        first_slot = std::stoull(state_tag(state_->path()).substr(0, 6), nullptr, 16)] {
         // The network was checked when the configuration was read.
         auto addresses = AddressPool::make(environment->settings.network_pool).value();
         addresses.begin_at(first_slot);
         const NodeActor node =
             system.spawn<Node>(environment, std::move(addresses), shared_contents);
         environment->directory.put(node);
         return caf::actor_cast<caf::actor>(node);
       }},
      {"services",
       [&system, replaceable] {
         const SupervisorActor services = system.spawn<Supervisor>(
             plan_of(Strategy::one_for_one, {3, Duration{60'000}},
                     {"reaper", "event-log", "console", "gateway"}),
             [&system, replaceable](const SupervisorActor& self) {
               return std::make_unique<ActorHost>(system, self, replaceable);
             },
             std::make_unique<LoggingListener>(), std::uint64_t{1}, "services");
         post(services, StartChildren{});
         return caf::actor_cast<caf::actor>(services);
       }},
  };
  root_ = system.spawn<Supervisor>(
      plan_of(Strategy::rest_for_one, {0, Duration{60'000}}, {"ledger", "node", "services"}),
      [&system, core](const SupervisorActor& self) {
        return std::make_unique<ActorHost>(system, self, core);
      },
      std::make_unique<RootListener>(outcome_), std::uint64_t{2}, "root");
  post(root_, StartChildren{});
  gateway_->wait_until_served();
}

ConsoleWorld Controller::Parts::console_world() {
  ConsoleWorld world;
  world.logs = std::make_shared<LogFilesReader>(logs_);
  world.on_disk = [this](ConsoleWorld::Task task) { disk_->post(std::move(task)); };
  world.on_bench = [this](ConsoleWorld::Task task) { bench_->post(std::move(task)); };
  world.examine = [doctor = doctor_] { return doctor->examine_now(); };
  return world;
}

std::optional<Cause> Controller::Parts::wait(int stop_fd) {
  std::array<pollfd, 2> waited{{{stop_fd, POLLIN, 0}, {outcome_->wake.get(), POLLIN, 0}}};
  while (::poll(waited.data(), waited.size(), -1) < 0 && errno == EINTR) {
  }
  const std::lock_guard lock{outcome_->mutex};
  return outcome_->cause;
}

void Controller::Parts::drain(bool stop_guests, Duration within) {
  const auto node = environment_->directory.node();
  if (!node) return;
  caf::scoped_actor self{*system_};
  self->send(node, DrainNode{stop_guests, "controller", within});
  bool is_answered = false;
  while (!is_answered && !is_hurried_)
    self->receive([&](const Drained&) { is_answered = true; }, caf::after(Duration{100}) >> [] {});
}

void Controller::Parts::stop(bool stop_guests, Duration within) {
  if (!system_) return close_networks();
  watchdog_.reset();
  if (gateway_) gateway_->drain();
  if (stop_guests) drain(stop_guests, within);
  {
    caf::scoped_actor self{*system_};
    self->monitor(root_);
    self->send(root_, StopChildren{"controller"});
    self->receive([](const caf::down_msg&) {}, caf::after(actor_grace * 4) >> [] {});
  }
  root_ = nullptr;
  disk_watch_.reset();
  console_socket_.reset();
  environment_->directory.clear();
  gateway_->stop();
  state_->remove_address();
  system_.reset();
  close_networks();
  doctor_->stop();
  reactor_->stop();
  disk_->stop();
  bench_->stop();
  gateway_.reset();
  // Before anything is let go: an answer of theirs may be the last to hold an actor, which holds
  // them.
  tombstones_->close();
  store_->close();
  environment_.reset();
  vault_.reset();
  tombstones_.reset();
  store_.reset();
}

// -- the outside ----------------------------------------------------------------------------------

Controller::Controller(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Controller::~Controller() = default;

Result<std::unique_ptr<Controller>> Controller::start(Configuration configuration,
                                                      Profiles profiles, Providers providers) {
  auto parts = std::make_unique<Parts>(std::move(configuration), std::move(profiles), providers);
  if (auto started = parts->start(); !started) return tl::unexpected(started.error());
  return std::unique_ptr<Controller>{new Controller(std::move(parts))};
}

std::string Controller::address() const {
  return parts_->address();
}
void Controller::watch_itself(Duration every, std::function<void()> well) {
  parts_->watch_itself(every, std::move(well));
}

void Controller::stop(bool stop_guests, Duration within) {
  parts_->stop(stop_guests, within);
}
void Controller::hurry() {
  parts_->hurry();
}
std::optional<Cause> Controller::wait(int stop_fd) {
  return parts_->wait(stop_fd);
}

}  // namespace aerie
