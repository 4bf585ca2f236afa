#include "tests/support/firecracker/fake_microvm.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "tests/support/firecracker/fake_fields.hpp"

namespace aerie::test {
namespace {

using fake::Refused;

constexpr const char* after_start =
    "The requested operation is not supported after starting the microVM.";
constexpr const char* before_start =
    "The requested operation is not supported before starting the microVM.";
constexpr const char* version = "1.12.0";
constexpr std::size_t most_bytes = 51200;  // of a request's body, as Firecracker has it

std::string os_error(int error) {
  return std::string{std::strerror(error)} + " (os error " + std::to_string(error) + ")";
}

/// Opens a file as Firecracker would; its error's text, or nothing.
std::string why_not_open(const std::string& path, std::ios::openmode mode = std::ios::in) {
  errno = 0;
  const std::fstream file{path, mode | std::ios::binary};
  return file ? std::string{} : os_error(errno);
}

Json json_of(const std::string& path) {
  std::ifstream file{path};
  const std::string text{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  return Json::parse(text, nullptr, false);
}

void check_kernel(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::array<char, 4> magic{};
  file.read(magic.data(), magic.size());
  if (std::string_view{magic.data(), magic.size()} ==
      "\x7f"
      "ELF")
    return;
  throw Refused{
      "Start microvm error: System configuration error: Cannot load kernel due to invalid memory "
      "configuration or invalid kernel image: Kernel Loader: failed to load ELF kernel image: "
      "Kernel Loader: Invalid Elf magic number"};
}

/// `drives/root` of `/drives/root`: the kind of thing and its name.
std::pair<std::string, std::string> split(const std::string& path) {
  const auto slash = path.find('/', 1);
  if (slash == std::string::npos) return {path, {}};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

void check_ids(const std::string& from_path, const std::string& from_body) {
  const auto fits = [](unsigned char byte) { return std::isalnum(byte) != 0 || byte == '_'; };
  if (from_path.empty()) throw Refused{"The ID cannot be empty."};
  if (!std::all_of(from_path.begin(), from_path.end(), fits))
    throw Refused{"API Resource IDs can only contain alphanumeric characters and underscores."};
  if (from_path != from_body)
    throw Refused{"The id from the path [" + from_path + "] does not match the id from the body [" +
                  from_body + "]!"};
}

}  // namespace

std::string FakeMicrovm::vsock_path() const {
  const auto found = configuration_.find("/vsock");
  return found == configuration_.end() ? std::string{} : found->at("uds_path").get<std::string>();
}

FakeAnswer FakeMicrovm::handle(const std::string& method, const std::string& path,
                               const std::string& body) {
  try {
    return dispatch(method, path, body);
  } catch (const Refused& refused) {
    return {refused.status, Json{{"fault_message", refused.message}}.dump()};
  }
}

FakeAnswer FakeMicrovm::dispatch(const std::string& method, const std::string& path,
                                 const std::string& body) {
  if (body.size() > most_bytes) {
    const auto text = "Request payload with size " + std::to_string(body.size()) +
                      " is larger than the limit of " + std::to_string(most_bytes) +
                      " allowed by server.\nAll previous unanswered requests will be dropped.";
    return {413, Json{{"error", text}}.dump()};
  }
  if (method == "GET") {
    if (!body.empty()) throw Refused{"GET request cannot have a body."};
    return get(path);
  }
  if (body.empty()) throw Refused{"Empty " + method + " request."};
  if (method == "PUT") return put(path, body);
  if (method == "PATCH") return patch(path, body);
  throw Refused{"Invalid request method and/or path: " + method + " " + path.substr(1) + "."};
}

FakeAnswer FakeMicrovm::get(const std::string& path) const {
  const std::array names{"Not started", "Running", "Paused"};
  if (path == "/")
    return {200, Json{{"id", "anonymous-instance"},
                      {"state", names.at(static_cast<std::size_t>(state_))},
                      {"vmm_version", version},
                      {"app_name", "Firecracker"}}
                     .dump()};
  if (path == "/version") return {200, Json{{"firecracker_version", version}}.dump()};
  if (path == "/vm/config") return {200, configuration_.dump()};
  if (path == "/mmds") return {200, metadata_.is_null() ? "{}" : metadata_.dump()};
  if (path == "/machine-config")
    return {200, configuration_
                     .value(path, Json{{"vcpu_count", 1}, {"mem_size_mib", 128}, {"smt", false}})
                     .dump()};
  throw Refused{"Invalid request method and/or path: GET " + path.substr(1) + "."};
}

FakeAnswer FakeMicrovm::put(const std::string& path, const std::string& body) {
  const auto json = fake::parse("PUT", path, body);
  if (path == "/actions") {
    act(json);
  } else if (path == "/mmds") {
    metadata_ = json;
  } else if (path == "/snapshot/create") {
    demand_started();
    create_snapshot(json);
  } else if (path == "/snapshot/load") {
    demand_not_started();
    load_snapshot(json);
  } else {
    demand_not_started();
    configure(path, json);
  }
  return {};
}

FakeAnswer FakeMicrovm::patch(const std::string& path, const std::string& body) {
  const auto json = fake::parse("PATCH", path, body);
  const auto [kind, id] = split(path);
  if (kind == "/mmds") {
    if (metadata_.is_null()) throw Refused{"MMDS error: The MMDS data store is not initialized."};
    metadata_.merge_patch(json);
    return {};
  }
  demand_started();
  if (kind == "/vm") change_state(json);
  if (kind == "/drives") patch_drive(id, json);
  if (kind == "/network-interfaces") patch_interface(id);
  if (kind == "/balloon" && !configuration_.contains("/balloon"))
    throw Refused{"Balloon update error: Device not found"};
  return {};
}

void FakeMicrovm::demand_started() const {
  if (!is_started()) throw Refused{before_start};
}

void FakeMicrovm::demand_not_started() const {
  if (is_started()) throw Refused{after_start};
}

// -- before the start -----------------------------------------------------------------------------

void FakeMicrovm::configure(const std::string& path, const Json& body) {
  const auto [kind, id] = split(path);
  if (path == "/logger" || path == "/metrics") {
    const auto file = body.value(path == "/logger" ? "log_path" : "metrics_path", std::string{});
    const auto why = why_not_open(file, std::ios::in | std::ios::out);
    if (!why.empty() && path == "/logger")
      throw Refused{"Logger error: Failed to open target file: " + why};
    if (!why.empty())
      throw Refused{"Metrics error: Cannot initialize the metrics system due to bad user input: " +
                    why};
    configuration_[path] = body;
    return;
  }
  is_on_boot_path_ = true;
  if (path == "/machine-config" && body.at("mem_size_mib") == 0)
    throw Refused{
        "Machine config error: The memory size (MiB) is either 0, or not a multiple of the "
        "configured page size."};
  if (path == "/machine-config" && (body.at("vcpu_count") < 1 || body.at("vcpu_count") > 32))
    throw Refused{
        "Machine config error: The number of vCPUs must be greater than 0, less than 32 and must "
        "be 1 or an even number if SMT is enabled."};
  if (path == "/boot-source") {
    if (const auto why = why_not_open(body.at("kernel_image_path")); !why.empty())
      throw Refused{"Boot source error: The kernel file cannot be opened: " + why};
    if (body.contains("initrd_path"))
      if (const auto why = why_not_open(body.at("initrd_path")); !why.empty())
        throw Refused{
            "Boot source error: The initrd file cannot be opened due to invalid path or invalid "
            "permissions. " +
            why};
  }
  if (kind == "/drives") return put_drive(id, body);
  if (kind == "/network-interfaces") return put_interface(id, body);
  if (path == "/vsock") return put_vsock(body);
  if (path == "/mmds/config") put_metadata_service(body);
  configuration_[path] = body;
}

void FakeMicrovm::put_drive(const std::string& id, const Json& body) {
  check_ids(id, body.at("drive_id"));
  auto& drives = configuration_["/drives"];
  for (const auto& [name, drive] : drives.items())
    if (name != id && drive.at("is_root_device") == true && body.at("is_root_device") == true)
      throw Refused{"Drive config error: A root block device already exists!"};
  const auto path = body.value("path_on_host", std::string{});
  const auto mode = body.value("is_read_only", false) ? std::ios::in : std::ios::in | std::ios::out;
  if (const auto why = why_not_open(path, mode); !why.empty())
    throw Refused{
        "Drive config error: Unable to create the virtio block device: Virtio backend error: Error "
        "manipulating the backing file: " +
        why + " " + path};
  drives[id] = body;
}

void FakeMicrovm::put_interface(const std::string& id, const Json& body) {
  check_ids(id, body.at("iface_id"));
  auto& interfaces = configuration_["/network-interfaces"];
  const auto mac = body.value("guest_mac", std::string{});
  const auto tap = body.at("host_dev_name").get<std::string>();
  for (const auto& [name, other] : interfaces.items()) {
    if (name == id) continue;
    if (!mac.empty() && other.value("guest_mac", std::string{}) == mac)
      throw Refused{"Network config error: The MAC address is already in use: " + mac};
    if (other.at("host_dev_name") == tap)
      throw Refused{
          "Network config error: Could not create the network device: Open tap device failed: "
          "Error while creating ifreq structure: Resource busy (os error 16). Invalid TUN/TAP "
          "Backend provided by " +
          tap + ". Check our documentation on setting up the network devices."};
  }
  interfaces[id] = body;
}

void FakeMicrovm::put_vsock(const Json& body) {
  const auto path = body.at("uds_path").get<std::string>();
  if (const auto why = listen_at(path); !why.empty())
    throw Refused{"Vsock config error: Cannot create backend for vsock device: UnixBind(" + why +
                  ")"};
  configuration_["/vsock"] = body;
}

void FakeMicrovm::put_metadata_service(const Json& body) {
  const auto& wanted = body.at("network_interfaces");
  if (wanted.empty())
    throw Refused{
        "MMMDS config error: The list of network interface IDs that allow forwarding MMDS requests "
        "is empty."};
  const auto interfaces = configuration_.value("/network-interfaces", Json::object());
  for (const auto& id : wanted)
    if (!interfaces.contains(id.get<std::string>()))
      throw Refused{
          "MMMDS config error: The list of network interface IDs provided contains at least one ID "
          "that does not correspond to any existing network interface."};
}

void FakeMicrovm::act(const Json& body) {
  const auto action = body.at("action_type").get<std::string>();
  if (action == "InstanceStart") {
    demand_not_started();
    return start();
  }
  demand_started();
  if (action == "SendCtrlAltDel") ++ctrl_alt_dels_;
}

void FakeMicrovm::start() {
  const auto source = configuration_.find("/boot-source");
  if (source == configuration_.end())
    throw Refused{"Start microvm error: Cannot start microvm without kernel configuration."};
  check_kernel(source->at("kernel_image_path"));
  state_ = State::running;
}

// -- after it -------------------------------------------------------------------------------------

void FakeMicrovm::change_state(const Json& body) {
  state_ = body.at("state") == "Paused" ? State::paused : State::running;
}

void FakeMicrovm::patch_drive(const std::string& id, const Json& body) const {
  check_ids(id, body.at("drive_id"));
  const auto refuse = [](const std::string& why) {
    throw Refused{"Drive config error: Unable to patch the block device: " + why +
                  " Please verify the request arguments."};
  };
  if (!configuration_.value("/drives", Json::object()).contains(id))
    refuse("Device manager error: Device not found.");
  if (!body.contains("path_on_host")) return;
  const auto path = body.at("path_on_host").get<std::string>();
  if (const auto why = why_not_open(path); !why.empty())
    refuse("Virtio backend error: Error manipulating the backing file: " + why + " " + path);
}

void FakeMicrovm::patch_interface(const std::string& id) const {
  if (!configuration_.value("/network-interfaces", Json::object()).contains(id))
    throw Refused{
        "Network config error: Cannot update the network device: Device manager error: Device not "
        "found."};
}

void FakeMicrovm::create_snapshot(const Json& body) const {
  if (state_ == State::running)
    throw Refused{
        "Create snapshot error: Cannot save the microVM state: Operation not allowed: save/restore "
        "unavailable while running"};
  const auto machine = configuration_.value("/machine-config", Json::object());
  if (body.value("snapshot_type", "Full") == "Diff" && !machine.value("track_dirty_pages", false))
    throw Refused{
        "The requested operation is not supported: Diff snapshots are not allowed on uVMs with "
        "dirty page tracking disabled."};
  for (const auto* field : {"snapshot_path", "mem_file_path"}) {
    const auto path = body.at(field).get<std::string>();
    errno = 0;
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file << (field == std::string_view{"mem_file_path"} ? memory_ : configuration_).dump();
    file.close();
    if (!file)
      throw Refused{"Create snapshot error: Cannot perform open on the snapshot backing file: " +
                    os_error(errno)};
  }
}

void FakeMicrovm::load_snapshot(const Json& body) {
  if (is_on_boot_path_)
    throw Refused{
        "Load snapshot error: Loading a microVM snapshot not allowed after configuring "
        "boot-specific resources."};
  is_dead_ = true;  // unless all goes well
  const std::string failed = "Load snapshot error: Failed to restore from snapshot: ";
  const auto state = body.at("snapshot_path").get<std::string>();
  if (const auto why = why_not_open(state); !why.empty())
    throw Refused{failed +
                  "Failed to get snapshot state from file: Failed to open snapshot file: " + why};
  const auto memory = body.at("mem_backend").at("backend_path").get<std::string>();
  if (const auto why = why_not_open(memory); !why.empty())
    throw Refused{failed + "Failed to load guest memory: Failed to open memory file: " + why};
  auto saved = json_of(state);
  if (!saved.is_object())
    throw Refused{failed +
                  "Failed to get snapshot state from file: Failed to load snapshot state "
                  "from file: CRC64 validation failed"};
  if (body.contains("vsock_override"))
    saved["/vsock"]["uds_path"] = body["vsock_override"]["uds_path"];
  for (const auto& each : body.value("network_overrides", Json::array())) {
    auto& interfaces = saved["/network-interfaces"];
    const auto id = each.at("iface_id").get<std::string>();
    if (!interfaces.contains(id)) throw Refused{failed + "Unknown Network Device."};
    interfaces[id]["host_dev_name"] = each.at("host_dev_name");
  }
  if (saved.contains("/vsock"))
    if (const auto why = listen_at(saved["/vsock"]["uds_path"]); !why.empty())
      throw Refused{failed + "Failed to restore devices: VsockUnixBackend(UnixBind(" + why + "))"};
  is_dead_ = false;
  memory_ = json_of(memory);
  configuration_ = std::move(saved);
  state_ = body.value("resume_vm", false) ? State::running : State::paused;
}

}  // namespace aerie::test
