#include "runtime/drivers/firecracker/api_requests.hpp"

namespace aerie::firecracker {
namespace {

ApiRequest get(std::string path) {
  return {Method::get, std::move(path), std::nullopt};
}
ApiRequest put(std::string path, Json body) {
  return {Method::put, std::move(path), std::move(body)};
}
ApiRequest patch(std::string path, Json body) {
  return {Method::patch, std::move(path), std::move(body)};
}

Json to_body(const TokenBucket& bucket) {
  Json body{{"size", bucket.size}, {"refill_time", bucket.refill_ms}};
  if (bucket.burst > 0) body["one_time_burst"] = bucket.burst;
  return body;
}

Json to_body(const RateLimiter& limiter) {
  Json body = Json::object();
  if (limiter.bandwidth) body["bandwidth"] = to_body(*limiter.bandwidth);
  if (limiter.operations) body["ops"] = to_body(*limiter.operations);
  return body;
}

void add_limiters(Json& body, const NetworkInterface& interface) {
  if (interface.receive) body["rx_rate_limiter"] = to_body(*interface.receive);
  if (interface.transmit) body["tx_rate_limiter"] = to_body(*interface.transmit);
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
  }
  return {};
}

std::string name_of(const ApiRequest& request) {
  return std::string{to_string(request.method)} + " " + request.path;
}

// -- about the instance ---------------------------------------------------------------------------

ApiRequest describe_instance() {
  return get("/");
}

ApiRequest get_version() {
  return get("/version");
}

ApiRequest get_vm_configuration() {
  return get("/vm/config");
}

ApiRequest act(Action action) {
  const char* type = "InstanceStart";
  if (action == Action::send_ctrl_alt_del) type = "SendCtrlAltDel";
  if (action == Action::flush_metrics) type = "FlushMetrics";
  return put("/actions", {{"action_type", type}});
}

ApiRequest change_state(VmTransition transition) {
  return patch("/vm", {{"state", transition == VmTransition::pause ? "Paused" : "Resumed"}});
}

// -- the machine ----------------------------------------------------------------------------------

ApiRequest put_machine_configuration(const MachineConfiguration& machine) {
  Json body{{"vcpu_count", machine.vcpus}, {"mem_size_mib", machine.memory_mib}};
  if (machine.tracks_dirty_pages) body["track_dirty_pages"] = true;
  return put("/machine-config", std::move(body));
}

ApiRequest get_machine_configuration() {
  return get("/machine-config");
}

ApiRequest put_boot_source(const BootSource& source) {
  Json body{{"kernel_image_path", source.kernel}, {"boot_args", source.arguments}};
  if (!source.initrd.empty()) body["initrd_path"] = source.initrd;
  return put("/boot-source", std::move(body));
}

ApiRequest put_drive(const Drive& drive) {
  Json body{{"drive_id", drive.id},
            {"path_on_host", drive.path},
            {"is_root_device", drive.is_root},
            {"is_read_only", drive.is_read_only}};
  if (drive.flushes) body["cache_type"] = "Writeback";
  if (drive.limiter) body["rate_limiter"] = to_body(*drive.limiter);
  return put("/drives/" + drive.id, std::move(body));
}

ApiRequest patch_drive_path(const std::string& id, const std::string& path) {
  return patch("/drives/" + id, {{"drive_id", id}, {"path_on_host", path}});
}

ApiRequest patch_drive_limiter(const std::string& id, const RateLimiter& limiter) {
  return patch("/drives/" + id, {{"drive_id", id}, {"rate_limiter", to_body(limiter)}});
}

ApiRequest put_network_interface(const NetworkInterface& interface) {
  Json body{{"iface_id", interface.id}, {"host_dev_name", interface.tap}};
  if (!interface.mac.empty()) body["guest_mac"] = interface.mac;
  if (interface.mtu) body["mtu"] = *interface.mtu;
  add_limiters(body, interface);
  return put("/network-interfaces/" + interface.id, std::move(body));
}

ApiRequest patch_network_limiters(const NetworkInterface& interface) {
  Json body{{"iface_id", interface.id}};
  add_limiters(body, interface);
  return patch("/network-interfaces/" + interface.id, std::move(body));
}

ApiRequest put_vsock(const Vsock& vsock) {
  return put("/vsock", {{"guest_cid", vsock.guest_cid}, {"uds_path", vsock.socket_path}});
}

ApiRequest put_entropy_device() {
  return put("/entropy", Json::object());
}

ApiRequest put_balloon(int mib) {
  return put("/balloon", {{"amount_mib", mib}, {"deflate_on_oom", true}});
}

ApiRequest patch_balloon(int mib) {
  return patch("/balloon", {{"amount_mib", mib}});
}

// -- metadata for the guest -----------------------------------------------------------------------

ApiRequest put_metadata_service(const MetadataService& service) {
  Json body{{"version", "V2"}, {"network_interfaces", service.interfaces}};
  if (!service.address.empty()) body["ipv4_address"] = service.address;
  return put("/mmds/config", std::move(body));
}

ApiRequest put_metadata(const Json& object) {
  return put("/mmds", object);
}

ApiRequest patch_metadata(const Json& object) {
  return patch("/mmds", object);
}

ApiRequest get_metadata() {
  return get("/mmds");
}

// -- evidence -------------------------------------------------------------------------------------

ApiRequest put_logger(const std::string& path) {
  return put("/logger", {{"log_path", path}, {"level", "Info"}, {"show_level", true}});
}

ApiRequest put_metrics(const std::string& path) {
  return put("/metrics", {{"metrics_path", path}});
}

// -- snapshots ------------------------------------------------------------------------------------

ApiRequest create_snapshot(const SnapshotFiles& files, SnapshotKind kind) {
  return put("/snapshot/create", {{"snapshot_path", files.state},
                                  {"mem_file_path", files.memory},
                                  {"snapshot_type", kind == SnapshotKind::full ? "Full" : "Diff"}});
}

ApiRequest load_snapshot(const SnapshotLoad& load) {
  Json body{{"snapshot_path", load.files.state},
            {"mem_backend", {{"backend_type", "File"}, {"backend_path", load.files.memory}}},
            {"resume_vm", load.resumes}};
  if (load.tracks_dirty_pages) body["track_dirty_pages"] = true;
  for (const auto& [id, tap] : load.taps)
    body["network_overrides"].push_back({{"iface_id", id}, {"host_dev_name", tap}});
  if (!load.socket_path.empty()) body["vsock_override"] = {{"uds_path", load.socket_path}};
  if (load.advances_clock) body["clock_realtime"] = *load.advances_clock;
  return put("/snapshot/load", std::move(body));
}

}  // namespace aerie::firecracker
