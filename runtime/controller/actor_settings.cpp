#include "runtime/controller/actor_settings.hpp"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include "runtime/config/shipped_files.hpp"
#include "runtime/drivers/process/media_registry.hpp"
#include "runtime/process/handshake.hpp"
#include "runtime/secrets/identity.hpp"

namespace aerie {

void fill_environment(Environment& environment, const Settings& settings,
                      const Profiles& profiles) {
  auto& actors = environment.settings;
  actors.retire_ask = settings.retire_ask;
  actors.resume = settings.signal_resume;
  actors.orphan_after = settings.guests.orphan;
  actors.keep_credential = settings.vault.hold;
  actors.failed_retention = settings.retention.failed;
  actors.quarantine = settings.guests.quarantine;
  actors.min_free_bytes = settings.retention.min_free_bytes;
  actors.keep_tombstones = settings.retention.tombstones;
  actors.max_tombstones_bytes = settings.retention.tombstones_bytes;
  actors.start_within = settings.guests.start;
  actors.spawn_within = settings.guests.spawn;
  actors.link_within = settings.guests.link;
  actors.vm_start_within = settings.guests.vm_start;
  actors.vm_link_within = settings.guests.vm_link;
  actors.max_sessions = static_cast<std::size_t>(settings.limits.sessions);
  actors.max_viewers = static_cast<std::size_t>(settings.limits.viewers);
  actors.max_sockets_per_session = static_cast<std::size_t>(settings.limits.sockets_per_session);
  actors.max_memory_mib = settings.limits.memory_mib;
  const auto cores = static_cast<double>(std::max(1U, std::thread::hardware_concurrency()));
  actors.max_cpus = cores * settings.limits.cpu_overcommit.process;
  actors.max_vm_cpus = cores * settings.limits.cpu_overcommit.vm;
  actors.network_pool = settings.network.pool;
  actors.ice_servers = settings.media.ice_servers;
  actors.file_bytes = settings.files.max_bytes;
  for (const auto& [profile, drivers] : settings.pool)
    for (const auto& [driver, size] : drivers)
      if (size > 0) actors.pool.push_back({profile, driver, static_cast<std::size_t>(size)});
  for (const auto& [name, profile] : profiles)
    environment.profiles[name] = *profile;
  environment.wall = wall_now;
  environment.new_id = new_uuid;
  environment.new_token = random_hex;
  environment.digest = sha256_hex;
}

std::string state_tag(const std::string& state) {
  return sha256_hex(state).substr(0, 8);
}

ProcessDriverOptions process_driver_options(const Settings& settings, const std::string& state) {
  ProcessDriverOptions options;
  options.vms_directory = state + "/vms";
  const auto program = [&](const std::string& name) {
    const auto own = settings.programs + "/" + name;
    const bool has_own = !settings.programs.empty() && std::filesystem::exists(own);
    return has_own ? own : shipped_program(name);
  };
  options.guest_program = program("aerie-guest");
  options.stream_program = program("aerie-stream");
  options.login_program = program("aerie-login");
  options.oidc_program = program("aerie-oidc");
  options.enter_program = program("aerie-enter");
  options.media_registry = make_media_registry(options.stream_program, state);
  options.uid_base = ::geteuid() == 0 ? settings.guests.uid_base : 0;
  options.cgroups = discover_cgroups();
  options.cgroup_tag = state_tag(state);
  return options;
}

VmOptions vm_options(const ProcessDriverOptions& options, const Settings& settings) {
  VmOptions vms;
  vms.vms_directory = options.vms_directory;
  vms.uid_base = options.uid_base;
  vms.cgroups = options.cgroups;
  vms.cgroup_tag = options.cgroup_tag;
  vms.networks = options.networks;
  vms.disk_mib_per_second = settings.vm_disk_mib;
  // The names of an older system's guests.
  const auto colon = settings.listen.rfind(':');
  const auto scheme = settings.http.tls_cert.empty() ? "http://" : "https://";
  vms.environment = {
      {"MASTER_CONTROLLER_URL",
       settings.http.public_url.empty() ? scheme + settings.listen : settings.http.public_url},
      {"HOST", settings.listen.substr(0, colon)},
      {"PORT", settings.listen.substr(colon + 1)}};
  return vms;
}

ImageSettings image_settings(const Settings& settings) {
  return {settings.image_directory.empty() ? default_image_directory() : settings.image_directory,
          settings.image_kernel, settings.image_rootfs, settings.image_initrd};
}

}  // namespace aerie
