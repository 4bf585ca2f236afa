#include <algorithm>
#include <unistd.h>

#include "runtime/doctor/checks.hpp"
#include "runtime/doctor/probe.hpp"
#include "runtime/process/cgroup.hpp"

namespace aerie::doctor {
namespace {

/// A sandbox with the namespaces of a guest's, for one harmless command.
Probe sandboxed(const Settings& settings, std::vector<std::string> command) {
  Probe probe;
  probe.argv = {"bwrap",         "--unshare-user", "--uid",         "1000",      "--gid",   "1000",
                "--unshare-pid", "--unshare-ipc",  "--unshare-uts", "--ro-bind", "/usr",    "/usr",
                "--symlink",     "usr/bin",        "/bin",          "--symlink", "usr/lib", "/lib",
                "--symlink",     "usr/lib64",      "/lib64",        "--proc",    "/proc",   "--dev",
                "/dev",          "--tmpfs",        "/tmp",          "--"};
  std::move(command.begin(), command.end(), std::back_inserter(probe.argv));
  if (geteuid() == 0) {
    const auto id = static_cast<uid_t>(settings.guests.uid_base);
    probe.identity = SpawnRequest::Identity{id, static_cast<gid_t>(id)};
  }
  return probe;
}

bool starts_chromium(const Profile& profile) {
  const auto is_chromium = [](const std::vector<std::string>& command) {
    return !command.empty() && command.front().find("chromium") != std::string::npos;
  };
  return std::any_of(profile.children.begin(), profile.children.end(), [&](const auto& child) {
    return is_chromium(child.command) || is_chromium(child.open);
  });
}

std::string detail_of(const ProbeResult& result) {
  return result.errors.empty() ? result.message : result.errors.back();
}

}  // namespace

Checks check_sandbox(const Settings& settings, const Profile& profile) {
  if (!find_program("bwrap")) return {};
  const auto outer = run_probe(sandboxed(settings, {"/usr/bin/true"}));
  if (!outer.worked)
    return {{"sandbox", false, "A sandbox can't be made: " + detail_of(outer),
             "Allow user namespaces: sysctl kernel.unprivileged_userns_clone=1 and "
             "user.max_user_namespaces above 0."}};
  Checks checks{{"sandbox", true, "Sandboxes with namespaces of their own work.", ""}};
  if (!starts_chromium(profile)) return checks;
  // What Chromium makes for its renderers: namespaces within the guest's own.
  const auto inner = run_probe(sandboxed(settings, {"/usr/bin/unshare", "--user", "--map-root-user",
                                                    "--pid", "--net", "--fork", "/usr/bin/true"}));
  if (inner.worked)
    checks.push_back({"chromium sandbox", true, "Chromium's own sandbox can run in a guest.", ""});
  else
    checks.push_back({"chromium sandbox", false,
                      "Chromium's own sandbox can't run in a guest: " + detail_of(inner),
                      "Allow nested user namespaces (user.max_user_namespaces); until then pages "
                      "are separated from the guest by nothing."});
  return checks;
}

DoctorCheck check_cgroups() {
  const auto mounts = discover_cgroups();
  const bool all = mounts.limits_memory() && mounts.limits_pids();
  return {"cgroups", true,
          mounts.why.empty() ? std::string("Guests' memory and processes are ") +
                                   (all ? "limited by cgroups." : "not limited.")
                             : mounts.why,
          all ? "" : "Make a cgroup hierarchy with memory and pids writable for the controller."};
}

}  // namespace aerie::doctor
