#include "runtime/drivers/firecracker/boot_plan.hpp"

#include <algorithm>
#include <array>

namespace aerie::firecracker {
namespace {

void add_evidence(Plan& plan, const std::string& log, const std::string& metrics) {
  if (!log.empty()) plan.push_back({put_logger(log)});
  if (!metrics.empty()) plan.push_back({put_metrics(metrics)});
}

/// One run of a plan, kept by the callbacks of its requests.
struct Run : std::enable_shared_from_this<Run> {
  Run(ApiClient& with, Plan steps, std::function<void(Result<void>)> tell)
      : client(with), plan(std::move(steps)), done(std::move(tell)) {}

  void go_on() {
    while (next < plan.size() && !outcome && !plan[next].even_after_failure)
      ++next;
    if (next == plan.size()) return done(outcome);
    client.send(plan[next++].request, [self = shared_from_this()](const Result<Json>& answer) {
      if (!answer && self->outcome) self->outcome = tl::unexpected(answer.error());
      self->go_on();
    });
  }

  ApiClient& client;
  Plan plan;
  std::function<void(Result<void>)> done;
  std::size_t next = 0;
  Result<void> outcome;
};

}  // namespace

Plan boot_plan(const BootSettings& settings) {
  Plan plan;
  add_evidence(plan, settings.log, settings.metrics);
  plan.push_back({put_machine_configuration(settings.machine)});
  plan.push_back({put_boot_source(settings.source)});
  for (const auto& drive : settings.drives)
    plan.push_back({put_drive(drive)});
  for (const auto& interface : settings.interfaces)
    plan.push_back({put_network_interface(interface)});
  if (settings.vsock) plan.push_back({put_vsock(*settings.vsock)});
  if (settings.has_entropy_device) plan.push_back({put_entropy_device()});
  if (settings.metadata_service) plan.push_back({put_metadata_service(*settings.metadata_service)});
  if (!settings.metadata.is_null()) plan.push_back({put_metadata(settings.metadata)});
  plan.push_back({act(Action::start_instance)});
  return plan;
}

Plan save_plan(const SnapshotFiles& files, SnapshotKind kind) {
  return {{change_state(VmTransition::pause)},
          {create_snapshot(files, kind)},
          {change_state(VmTransition::resume), true}};
}

Plan restore_plan(const RestoreSettings& settings) {
  Plan plan;
  add_evidence(plan, settings.log, settings.metrics);
  auto load = settings.load;
  load.resumes = false;
  plan.push_back({load_snapshot(load)});
  if (!settings.metadata.is_null()) plan.push_back({put_metadata(settings.metadata)});
  for (const auto& [drive, limiter] : settings.limiters)
    plan.push_back({patch_drive_limiter(drive, limiter)});
  plan.push_back({change_state(VmTransition::resume)});
  return plan;
}

bool may_precede_load(const ApiRequest& request) {
  constexpr std::array<std::string_view, 2> allowed{"/logger", "/metrics"};
  return request.method == Method::get ||
         std::find(allowed.begin(), allowed.end(), request.path) != allowed.end();
}

void run(ApiClient& client, Plan plan, std::function<void(Result<void> outcome)> done) {
  std::make_shared<Run>(client, std::move(plan), std::move(done))->go_on();
}

}  // namespace aerie::firecracker
