#include "tests/sim/life.hpp"

#include <algorithm>
#include <caf/scheduled_actor.hpp>

#include "actors/ledger/ledger.hpp"
#include "actors/node/node.hpp"
#include "actors/reaper/reaper.hpp"
#include "actors/supervisor/actor_host.hpp"
#include "actors/supervisor/supervisor.hpp"

namespace aerie::sim {
namespace {

class NoListener final : public SupervisorListener {
 public:
  void on_news(const link::ChildNews&) override {}
  void on_all_ready() override {}
  void on_finished(const std::optional<Cause>&) override {}
};

ChildSpec child(const char* name, std::optional<Builtin> builtin) {
  ChildSpec spec;
  spec.name = name;
  spec.builtin = builtin;
  if (!builtin) spec.command = {name};
  spec.grace = Duration{500};
  return spec;
}

Profile small_profile() {
  Profile profile;
  profile.name = "browser";
  profile.resources = {1, 512};
  profile.children = {child("browser", std::nullopt), child("stream", Builtin::stream)};
  return profile;
}

caf::actor_system_config& virtual_time(caf::actor_system_config& config) {
  config.set("scheduler.policy", caf::atom("testing"));
  return config;
}

}  // namespace

Life::Life(LifeParts parts)
    : parts_(std::move(parts)),
      system_(virtual_time(config_)),
      born_(parts_.agenda.now()),
      clock_born_(system_.clock().now()) {
  system_.await_actors_before_shutdown(false);
  make_environment();
  start_actors();
}

Life::~Life() {
  environment_->directory.clear();
  for (const auto& actor :
       {caf::actor_cast<caf::actor>(services_), caf::actor_cast<caf::actor>(node_),
        caf::actor_cast<caf::actor>(ledger_)})
    caf::anon_send<caf::message_priority::high>(actor, caf::exit_msg{{}, caf::exit_reason::kill});
  coordinator().clock().cancel_all();
  services_ = nullptr;
  node_ = nullptr;
  ledger_ = nullptr;
  coordinator().run();
}

caf::scheduler::test_coordinator& Life::coordinator() {
  return static_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
}

void Life::make_environment() {
  environment_ = std::make_shared<Environment>();
  auto& settings = environment_->settings;
  settings.network_pool = "10.77.0.0/27";
  settings.failed_retention = Duration{120'000};
  settings.keep_tombstones = Duration{300'000};
  if (parts_.warm > 0) settings.pool = {{"browser", "process", parts_.warm}};
  environment_->profiles["browser"] = small_profile();
  environment_->drivers["process"] = parts_.guests.open();
  environment_->logs = parts_.tombstones.open_logs();
  environment_->tombstones = parts_.tombstones.open();
  environment_->wall = [this] { return parts_.agenda.now(); };
  environment_->new_id = parts_.new_id;
  environment_->new_token = [new_id = parts_.new_id] { return "token " + new_id(); };
  environment_->digest = [](const std::string& token) { return "digest of " + token; };
}

/// As the controller does it: ledger and node, and a supervisor for what may be started anew.
void Life::start_actors() {
  const auto contents = std::make_shared<const StoreContents>(parts_.disk.contents());
  ledger_ = system_.spawn<Ledger>(environment_, parts_.disk.open(), *contents);
  environment_->directory.put(ledger_);
  node_ = system_.spawn<Node>(
      environment_, AddressPool::make(environment_->settings.network_pool).value(), contents);
  environment_->directory.put(node_);
  services_ = start_services();
  post(services_, StartChildren{});
}

SupervisorActor Life::start_services() {
  SupervisedChild reaper;
  reaper.name = "reaper";
  reaper.grace = Duration{2'000};
  const SupervisorPlan plan{Strategy::one_for_one, {1'000, Duration{60'000}}, {reaper}};
  const std::map<std::string, ActorHost::Factory> factories{
      {"reaper", [&system = system_, environment = environment_] {
         const ReaperActor actor = system.spawn<Reaper>(environment);
         environment->directory.put(actor);
         post(environment->directory.node(), ReaperBegins{});
         return caf::actor_cast<caf::actor>(actor);
       }}};
  return system_.spawn<Supervisor>(
      plan,
      [&system = system_, factories](const SupervisorActor& self) {
        return std::make_unique<ActorHost>(system, self, factories);
      },
      std::make_unique<NoListener>(), std::uint64_t{1});
}

// -- stepping -------------------------------------------------------------------------------------

/// Puts the job to be done next in front. False where all that could run are stalled.
bool Life::choose(Random* random) {
  auto& jobs = coordinator().jobs;
  if (jobs.empty()) return false;
  const auto count = jobs.size();
  const auto first = random == nullptr ? 0 : random->below(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto chosen = (first + i) % count;
    const auto* actor = dynamic_cast<caf::scheduled_actor*>(jobs[chosen]);
    if (!stalled_.empty() && actor != nullptr && stalled_.contains(actor->name())) continue;
    std::swap(jobs[chosen], jobs.front());
    return true;
  }
  return false;
}

bool Life::step(Random* random) {
  if (!choose(random)) return false;
  auto& coordinator = this->coordinator();
  if (auto* actor = dynamic_cast<caf::scheduled_actor*>(coordinator.jobs.front())) {
    actor->mailbox().fetch_more();
    if (auto* element = actor->mailbox().peek())
      parts_.witness(actor->name(), actor->id(), *element);
  }
  coordinator.run_once();
  return true;
}

std::optional<Instant> Life::next_timer() {
  const auto& schedule = coordinator().clock().schedule();
  if (schedule.empty()) return std::nullopt;
  // Rounded up: a timer is due once its time has come.
  return born_ + std::chrono::ceil<Duration>(schedule.begin()->first - clock_born_);
}

void Life::advance_to(Instant now) {
  auto& clock = coordinator().clock();
  const auto target = clock_born_ + (now - born_);
  if (target >= clock.now()) clock.advance_time(target - clock.now());
}

}  // namespace aerie::sim
