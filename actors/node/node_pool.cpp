#include <algorithm>

#include "actors/node/node.hpp"

namespace aerie {
namespace {

constexpr std::uint64_t max_pool_failures = 3;
constexpr Duration retry_after{30'000};  // after warm guests that would not live

}  // namespace

// -- guests that wait for their sessions ----------------------------------------------------------

std::optional<std::string> Node::take_warm(const SessionRequest& request) {
  // What a warm guest was started with can't be changed: environment and display.
  if (!request.env.empty() || request.display) return std::nullopt;
  if (environment_->settings.pool.empty() && !has_adopted_warm_) return std::nullopt;
  for (auto& [id, vm] : vms_)
    if (vm.is_warm && vm.profile == request.profile && vm.driver == request.driver) return id;
  return std::nullopt;
}

void Node::refill_pool() {
  if (is_draining_ || pool_failures_ >= max_pool_failures) return;
  for (const auto& wanted : environment_->settings.pool) {
    const auto profile = environment_->profiles.find(wanted.profile);
    if (profile == environment_->profiles.end()) continue;
    auto have =
        static_cast<std::size_t>(std::count_if(vms_.begin(), vms_.end(), [&](const auto& entry) {
          const auto& vm = entry.second;
          return vm.session.empty() && !vm.is_going && vm.profile == wanted.profile &&
                 vm.driver == wanted.driver;
        }));
    for (; have < wanted.size && !over_quota(*profile->second, wanted.driver); ++have) {
      const auto slot = addresses_.take();
      if (!slot) return;
      SessionRequest request;
      request.profile = wanted.profile;
      request.driver = wanted.driver;
      request.url = "about:blank";
      send(vms_.at(make_vm(request, profile->second, "", self(), *slot)).actor, StartVm{});
    }
  }
  show_pool();
}

void Node::on_vm_stage(const VmStageReached& reached) {
  const auto vm = vms_.find(reached.vm);
  if (vm == vms_.end() || !vm->second.session.empty() || reached.stage != Stage::ready) return;
  vm->second.is_warm = true;
  vm->second.warm_since = environment_->wall();
  pool_failures_ = 0;
  show_pool();
  send(environment_->directory.ledger(), RecordEvent{{0,
                                                      environment_->wall(),
                                                      "vm.state",
                                                      "",
                                                      reached.vm,
                                                      "",
                                                      {{"state", "ready"}, {"warm", true}}}});
}

void Node::on_vm_finished(const std::string& id) {
  const auto vm = vms_.find(id);
  if (vm == vms_.end()) return;
  vm->second.is_over = true;
  if (!vm->second.session.empty()) return;
  vm->second.is_warm = false;
  const bool was_asked = std::exchange(vm->second.is_going, true);
  show_pool();
  send(vm->second.actor, DismantleVm{{"", id, ""}});
  if (!was_asked) count_pool_failure();
}

void Node::count_pool_failure() {
  if (++pool_failures_ == max_pool_failures) send_later(retry_after, NodeTimer{retry_ticket});
}

// -- what there is --------------------------------------------------------------------------------

NodeFigures Node::figures() const {
  const auto warm =
      std::count_if(vms_.begin(), vms_.end(), [](const auto& each) { return each.second.is_warm; });
  return {sessions_.size(), vms_.size(), static_cast<std::size_t>(warm), is_draining_,
          pool_figures()};
}

std::vector<PoolFigures> Node::pool_figures() const {
  if (environment_->settings.pool.empty() && !has_adopted_warm_) return {};
  std::vector<PoolFigures> pool;
  const auto entry_of = [&](const std::string& profile, const std::string& driver) -> auto& {
    for (auto& each : pool)
      if (each.profile == profile && each.driver == driver) return each;
    return pool.emplace_back(PoolFigures{profile, driver});
  };
  for (const auto& wanted : environment_->settings.pool)
    entry_of(wanted.profile, wanted.driver).wanted += wanted.size;
  const auto now = environment_->wall();
  for (const auto& [id, vm] : vms_) {
    if (!vm.session.empty() || vm.is_going) continue;
    auto& entry = entry_of(vm.profile, vm.driver);
    if (!vm.is_warm) {
      ++entry.starting;
      continue;
    }
    ++entry.ready;
    entry.oldest = std::max(entry.oldest, now - vm.warm_since);
  }
  return pool;
}

/// Ages are for who asks: they change without an event.
void Node::show_pool() {
  ActorFigure wanted{"poolWanted", 0};
  ActorFigure ready{"poolReady", 0};
  ActorFigure starting{"poolStarting", 0};
  const auto pool = pool_figures();
  if (pool.empty()) return;
  for (const auto& each : pool) {
    wanted.value += static_cast<double>(each.wanted);
    ready.value += static_cast<double>(each.ready);
    starting.value += static_cast<double>(each.starting);
  }
  face_.figures = {wanted, ready, starting};
  show(face_);
}

Json Node::describe() const {
  const auto now = figures();
  Json pool = Json::array();
  for (const auto& each : now.pool)
    pool.push_back({{"profile", each.profile},
                    {"driver", each.driver},
                    {"wanted", each.wanted},
                    {"ready", each.ready},
                    {"starting", each.starting},
                    {"oldestMs", each.oldest.count()}});
  return {{"sessions", now.sessions},      {"vms", now.vms},           {"warm", now.warm},
          {"pool", std::move(pool)},       {"draining", is_draining_}, {"orphans", orphans_.size()},
          {"poolFailures", pool_failures_}};
}

}  // namespace aerie
