#include "runtime/drivers/firecracker/api_requests.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "build_info.hpp"
#include "runtime/drivers/firecracker/boot_plan.hpp"
#include "tests/support/firecracker/api_schema.hpp"

using namespace aerie::firecracker;
using aerie::Json;
using aerie::test::ApiSchema;

namespace {

std::string schema_path() {
  return std::string{aerie::build_info::source_folder} + "/../shared/firecracker.yaml";
}

const ApiSchema* schema() {
  if (!std::filesystem::exists(schema_path())) {
    WARN("skipped: there is no " << schema_path());
    return nullptr;
  }
  static const ApiSchema read{schema_path()};
  return &read;
}

const RateLimiter limiter{TokenBucket{1'000'000, 100, 5'000'000}, TokenBucket{100, 1000, 0}};

/// Every request that there is, with all of its fields and with as few as can be.
std::vector<ApiRequest> all_requests() {
  const NetworkInterface interface { "eth0", "tap7", "06:00:0a:14:00:02", 1500, limiter, limiter };
  const SnapshotFiles files{"/s/state", "/s/memory"};
  std::vector<ApiRequest> all{
      describe_instance(),
      get_version(),
      get_vm_configuration(),
      act(Action::start_instance),
      act(Action::send_ctrl_alt_del),
      act(Action::flush_metrics),
      change_state(VmTransition::pause),
      change_state(VmTransition::resume),
      put_machine_configuration({2, 512, true}),
      put_machine_configuration({}),
      get_machine_configuration(),
      put_boot_source({"/k/vmlinux", "/k/initrd.img", "console=ttyS0"}),
      put_boot_source({"/k/vmlinux", "", ""}),
      put_drive({"root", "/i/root.squashfs", true, true, false, std::nullopt}),
      put_drive({"overlay", "/v/overlay.ext4", false, false, true, limiter}),
      patch_drive_path("overlay", "/v/other.ext4"),
      patch_drive_limiter("overlay", limiter),
      put_network_interface(interface),
      put_network_interface({"eth0", "tap7", "", std::nullopt, std::nullopt, std::nullopt}),
      patch_network_limiters(interface),
      put_vsock({3, "/v/vsock.sock"}),
      put_entropy_device(),
      put_balloon(64),
      patch_balloon(32),
      put_metadata_service({{"eth0"}, "169.254.169.254"}),
      put_metadata_service({{"eth0"}, ""}),
      put_metadata({{"session", "1"}}),
      patch_metadata({{"session", nullptr}}),
      get_metadata(),
      put_logger("/v/firecracker.log"),
      put_metrics("/v/metrics.json"),
      create_snapshot(files, SnapshotKind::full),
      create_snapshot(files, SnapshotKind::diff),
      load_snapshot({files, false, false, {}, "", std::nullopt}),
      load_snapshot({files, true, true, {{"eth0", "tap8"}, {"eth1", "tap9"}}, "/v/v.sock", true}),
  };
  return all;
}

std::string judge(const ApiSchema& schema, const ApiRequest& request) {
  return schema.judge(std::string{to_string(request.method)}, request.path, request.body);
}

}  // namespace

TEST_CASE("every request is as the published schema has it", "[firecracker][schema]") {
  const auto* judging = schema();
  if (judging == nullptr) return;
  for (const auto& request : all_requests()) {
    INFO(name_of(request) << (request.body ? request.body->dump() : std::string{}));
    CHECK(judge(*judging, request) == "");
  }
}

TEST_CASE("plans hold nothing that the schema does not have", "[firecracker][schema]") {
  const auto* judging = schema();
  if (judging == nullptr) return;
  BootSettings settings;
  settings.log = "/v/log";
  settings.metrics = "/v/metrics";
  settings.drives = {{"root", "/i/root", true, true, false, limiter}};
  settings.interfaces = {{"eth0", "tap0", "", std::nullopt, limiter, std::nullopt}};
  settings.vsock = Vsock{3, "/v/v.sock"};
  settings.metadata_service = MetadataService{{"eth0"}, ""};
  settings.metadata = {{"a", 1}};
  const RestoreSettings restore{"/v/log", "/v/metrics", {}, {{"a", 1}}, {{"root", limiter}}};
  for (const auto& plan :
       {boot_plan(settings), save_plan({"s", "m"}, SnapshotKind::diff), restore_plan(restore)})
    for (const auto& step : plan)
      CHECK(judge(*judging, step.request) == "");
}

TEST_CASE("the judge refuses what the schema does not have", "[firecracker][schema]") {
  const auto* judging = schema();
  if (judging == nullptr) return;
  auto request = put_machine_configuration({2, 512, false});
  SECTION("a field of another type") {
    (*request.body)["vcpu_count"] = "two";
  }
  SECTION("a field out of its range") {
    (*request.body)["vcpu_count"] = 33;
  }
  SECTION("a field that is missing") {
    request.body->erase("mem_size_mib");
  }
  SECTION("a field that there is not") {
    (*request.body)["memory"] = 512;
  }
  SECTION("a value that is none of its choices") {
    (*request.body)["huge_pages"] = "1G";
  }
  SECTION("no body") {
    request.body.reset();
  }
  SECTION("a path that there is not") {
    request.path = "/machine";
  }
  SECTION("a method that there is not") {
    request = get_version();
    request.method = Method::put;
  }
  SECTION("a nested field of another type") {
    request = put_drive({"root", "/i/root", true, true, false, limiter});
    (*request.body)["rate_limiter"]["bandwidth"]["size"] = "much";
  }
  SECTION("a nested field that there is not") {
    request = load_snapshot({});
    (*request.body)["mem_backend"]["backend"] = "File";
  }
  CHECK(judge(*judging, request) != "");
}

TEST_CASE("what is not asked for is left out", "[firecracker]") {
  const auto load = load_snapshot({{"s", "m"}, false, false, {}, "", std::nullopt});
  CHECK(*load.body == Json::parse(R"({"snapshot_path":"s","mem_backend":{"backend_type":"File",)"
                                  R"("backend_path":"m"},"resume_vm":false})"));
  const auto drive = put_drive({"root", "p", true, true, false, std::nullopt});
  CHECK_FALSE(drive.body->contains("rate_limiter"));
  CHECK_FALSE(drive.body->contains("cache_type"));
  CHECK(act(Action::start_instance).body == Json{{"action_type", "InstanceStart"}});
}
