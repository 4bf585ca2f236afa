#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"

/// Requests of Firecracker's API as its published schema (`firecracker.yaml`, swagger 2.0) has
/// them. Pure: nothing is sent here. Firecracker refuses unknown fields, so what is not set is left
/// out, and fields of newer versions are only there where they are asked for.
namespace aerie::firecracker {

enum class Method { get, put, patch };

[[nodiscard]] std::string_view to_string(Method method);

struct ApiRequest {
  Method method = Method::get;
  std::string path;
  std::optional<Json> body;

  friend bool operator==(const ApiRequest&, const ApiRequest&) = default;
};

/// `PUT /actions`, for messages.
[[nodiscard]] std::string name_of(const ApiRequest& request);

// -- about the instance ---------------------------------------------------------------------------

[[nodiscard]] ApiRequest describe_instance();
[[nodiscard]] ApiRequest get_version();
[[nodiscard]] ApiRequest get_vm_configuration();

enum class Action { start_instance, send_ctrl_alt_del, flush_metrics };
[[nodiscard]] ApiRequest act(Action action);

enum class VmTransition { pause, resume };
[[nodiscard]] ApiRequest change_state(VmTransition transition);

// -- the machine ----------------------------------------------------------------------------------

struct MachineConfiguration {
  int vcpus = 1;  ///< 1 to 32
  int memory_mib = 128;
  bool tracks_dirty_pages = false;  ///< for diff snapshots
};
[[nodiscard]] ApiRequest put_machine_configuration(const MachineConfiguration& machine);
[[nodiscard]] ApiRequest get_machine_configuration();

struct BootSource {
  std::string kernel;  ///< path of an uncompressed ELF vmlinux
  std::string initrd;  ///< empty: none
  std::string arguments;
};
[[nodiscard]] ApiRequest put_boot_source(const BootSource& source);

/// `size` tokens come back within `refill_ms`; `burst` are there once, before the first refill.
struct TokenBucket {
  std::int64_t size = 0;
  std::int64_t refill_ms = 0;
  std::int64_t burst = 0;
};
struct RateLimiter {
  std::optional<TokenBucket> bandwidth;   ///< tokens are bytes
  std::optional<TokenBucket> operations;  ///< tokens are operations
};

struct Drive {
  std::string id;  ///< letters, digits and `_`
  std::string path;
  bool is_root = false;
  bool is_read_only = false;
  bool flushes = false;  ///< passes the guest's flushes on to the host's disk
  std::optional<RateLimiter> limiter;
};
[[nodiscard]] ApiRequest put_drive(const Drive& drive);
/// Another file behind a drive of a running machine.
[[nodiscard]] ApiRequest patch_drive_path(const std::string& id, const std::string& path);
[[nodiscard]] ApiRequest patch_drive_limiter(const std::string& id, const RateLimiter& limiter);

struct NetworkInterface {
  std::string id;          ///< letters, digits and `_`
  std::string tap;         ///< the host's device
  std::string mac;         ///< the guest's; empty: Firecracker makes one up
  std::optional<int> mtu;  ///< 68 to 65535; for versions that know it
  std::optional<RateLimiter> receive;
  std::optional<RateLimiter> transmit;
};
[[nodiscard]] ApiRequest put_network_interface(const NetworkInterface& interface);
[[nodiscard]] ApiRequest patch_network_limiters(const NetworkInterface& interface);

struct Vsock {
  std::uint32_t guest_cid = 3;  ///< from 3 on, see vsock(7)
  std::string socket_path;      ///< Firecracker makes it, and refuses where there is one
};
[[nodiscard]] ApiRequest put_vsock(const Vsock& vsock);

[[nodiscard]] ApiRequest put_entropy_device();

/// A balloon that gives memory back to the guest before the guest's OOM killer acts.
[[nodiscard]] ApiRequest put_balloon(int mib);
[[nodiscard]] ApiRequest patch_balloon(int mib);

// -- metadata for the guest -----------------------------------------------------------------------

/// Version 2 of the metadata service: answers only with a session token, so that a page can't be
/// made to fetch it.
struct MetadataService {
  std::vector<std::string> interfaces;  ///< ids of network interfaces that were put before
  std::string address;                  ///< link-local; empty: 169.254.169.254
};
[[nodiscard]] ApiRequest put_metadata_service(const MetadataService& service);
[[nodiscard]] ApiRequest put_metadata(const Json& object);
[[nodiscard]] ApiRequest patch_metadata(const Json& object);
[[nodiscard]] ApiRequest get_metadata();

// -- evidence -------------------------------------------------------------------------------------

/// The files must be there: Firecracker opens them, it does not make them.
[[nodiscard]] ApiRequest put_logger(const std::string& path);
[[nodiscard]] ApiRequest put_metrics(const std::string& path);

// -- snapshots ------------------------------------------------------------------------------------

struct SnapshotFiles {
  std::string state;
  std::string memory;
};
enum class SnapshotKind {
  full,
  diff,  ///< only what changed since the last one; needs `tracks_dirty_pages`
};
[[nodiscard]] ApiRequest create_snapshot(const SnapshotFiles& files, SnapshotKind kind);

struct SnapshotLoad {
  SnapshotFiles files;
  bool tracks_dirty_pages = false;
  bool resumes = false;                     ///< runs at once instead of staying paused
  std::map<std::string, std::string> taps;  ///< other host devices, by interface id (v1.12 on)
  std::string socket_path;                  ///< another vsock socket; empty: the one of then
  std::optional<bool> advances_clock;       ///< kvmclock goes on at the host's time
};
[[nodiscard]] ApiRequest load_snapshot(const SnapshotLoad& load);

}  // namespace aerie::firecracker
