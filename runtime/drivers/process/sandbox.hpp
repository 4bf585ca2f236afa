#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/process/spawn.hpp"

namespace aerie {

/// What a guest's sandbox is made of (bwrap(1)).
struct SandboxSpec {
  std::string vm;
  std::string directory;      ///< of the VM: holds `home/` and `etc/`
  std::string guest_program;  ///< paths of the host
  std::string stream_program;
  std::string login_program;  ///< likewise
  std::string oidc_program;
  std::optional<SpawnRequest::Identity> identity;  ///< where the controller is root
  std::string enter_program;                       ///< `aerie-enter`; needed with an identity
  std::string media_registry;  ///< GStreamer's, made by `make_media_registry`; empty: none
  /// The descriptor that `aerie-enter` gets the guest's network namespace as; none: the host's
  /// network. Needs an identity.
  std::optional<int> network_fd;
  std::vector<std::string> resolvers;  ///< of a network of its own
  std::string media_ports;             ///< `FIRST-LAST`; empty: any
  std::vector<std::string> guest_arguments;
};

/// Where things are inside.
namespace sandbox {
inline constexpr const char* home = "/home/user";
inline constexpr const char* programs = "/run/aerie";
inline constexpr const char* media_registry = "/run/aerie/gst-registry.bin";
inline constexpr const char* runtime_directory = "/run/user/1000";
inline constexpr int uid = 1000;
}  // namespace sandbox

/// The command that starts `aerie-guest` in a sandbox of its own: user, mount, pid, IPC and UTS
/// namespaces; the host's programs read-only; a home, /tmp, /run and /dev/shm of its own; nothing
/// of the state directory but its own home, nothing of others' homes. The guest outlives the
/// controller.
[[nodiscard]] std::vector<std::string> sandbox_command(const SandboxSpec& spec);

/// Makes `home/` and `etc/` in the VM's directory, owned by the guest's identity. Errors:
/// `disk-full`, `sandbox-failed` naming the path.
[[nodiscard]] Result<void> prepare_sandbox_directory(const SandboxSpec& spec);

}  // namespace aerie
