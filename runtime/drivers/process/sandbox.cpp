#include "runtime/drivers/process/sandbox.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/network/resolvers.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

/// What programs need of /etc; never all of it: there are the host's secrets too.
constexpr std::array shared_etc{"fonts",       "ssl",           "ca-certificates", "alternatives",
                                "ld.so.cache", "ld.so.conf",    "ld.so.conf.d",    "hosts",
                                "resolv.conf", "nsswitch.conf", "localtime",       "X11",
                                "xdg",         "chromium",      "chromium.d",      "gtk-3.0",
                                "mime.types",  "services",      "protocols",       "debian_version",
                                "os-release"};

constexpr const char* media_registry = "gst-registry.bin";

using Arguments = std::vector<std::string>;

template <class... Texts>
void add(Arguments& arguments, const Texts&... more) {
  (arguments.emplace_back(more), ...);
}

/// /bin, /lib and the like: symbolic links into /usr on merged systems, directories on others.
void add_system_directory(Arguments& arguments, const std::string& path) {
  std::error_code error;
  const auto status = fs::symlink_status(path, error);
  if (fs::is_symlink(status))
    add(arguments, "--symlink", fs::read_symlink(path, error).string(), path);
  else if (fs::is_directory(status))
    add(arguments, "--ro-bind", path, path);
}

void add_programs(Arguments& arguments) {
  add(arguments, "--ro-bind", "/usr", "/usr");
  for (const auto* path : {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"})
    add_system_directory(arguments, path);
  add(arguments, "--ro-bind-try", "/opt", "/opt", "--dir", "/etc");
  for (const auto* name : shared_etc) {
    const auto path = std::string{"/etc/"} + name;
    add(arguments, "--ro-bind-try", path, path);
  }
}

void add_own_places(Arguments& arguments, const std::string& directory) {
  for (const auto* name : {"passwd", "group", "machine-id"})
    add(arguments, "--ro-bind", directory + "/etc/" + name, std::string{"/etc/"} + name);
  add(arguments, "--dev", "/dev", "--tmpfs", "/dev/shm", "--proc", "/proc");
  add(arguments, "--perms", "1777", "--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/var/tmp");
  add(arguments, "--perms", "0700", "--dir", sandbox::runtime_directory);
  add(arguments, "--bind", directory + "/home", sandbox::home, "--chdir", sandbox::home);
}

void add_environment(Arguments& arguments) {
  add(arguments, "--clearenv");
  const std::array<std::array<const char*, 2>, 9> environment{{
      {"HOME", sandbox::home},
      {"USER", "user"},
      {"LOGNAME", "user"},
      {"SHELL", "/bin/sh"},
      {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games:/run/aerie"},
      {"LANG", "C.UTF-8"},
      {"TMPDIR", "/tmp"},
      {"XDG_RUNTIME_DIR", sandbox::runtime_directory},
      // Named, so that no client starts a bus with an abstract socket, which would cross the
      // sandbox.
      {"DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"},
  }};
  for (const auto& [name, value] : environment)
    add(arguments, "--setenv", name, value);
}

Cause failed(const std::string& path, int number) {
  if (number == ENOENT || number == ENOTDIR)
    return {CauseKind::root_missing,
            "The guest's root could not be made: '" + fs::path{path}.parent_path().string() +
                "' is missing or no directory.",
            "Make it again, or restart the controller, which does.",
            {}};
  const bool is_full = number == ENOSPC || number == EDQUOT;
  return {is_full ? CauseKind::disk_full : CauseKind::sandbox_failed,
          "'" + path + "' could not be made: " + std::strerror(number) + ".",
          is_full ? "Free space in the state directory's file system."
                  : "Check the rights of the state directory.",
          {}};
}

Result<void> make_directory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    return tl::unexpected(failed(path, errno));
  return {};
}

Result<void> write_file(const std::string& path, const std::string& text) {
  const UniqueFd file{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644)};
  if (!file) return tl::unexpected(failed(path, errno));
  const auto written = ::write(file.get(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()))
    return tl::unexpected(failed(path, written < 0 ? errno : ENOSPC));
  return {};
}

}  // namespace

std::vector<std::string> sandbox_command(const SandboxSpec& spec) {
  Arguments arguments;
  auto directory = spec.directory;
  auto guest = spec.guest_program;
  auto stream = spec.stream_program;
  auto login = spec.login_program;
  auto oidc = spec.oidc_program;
  if (spec.identity) {
    // The state directory and a checkout in somebody's home can't be entered by the guest's user:
    // `aerie-enter` mounts what is needed where bubblewrap, as that user, can reach it.
    add(arguments, spec.enter_program, std::to_string(spec.identity->uid),
        std::to_string(spec.identity->gid), directory, guest, stream, login, oidc,
        spec.network_fd ? std::to_string(*spec.network_fd) : "-", "--");
    directory = "/mnt/vm";
    guest = "/mnt/guest";
    stream = "/mnt/stream";
    login = "/mnt/login";
    oidc = "/mnt/oidc";
  }
  const auto uid = std::to_string(sandbox::uid);
  add(arguments, "bwrap", "--unshare-user", "--uid", uid, "--gid", uid, "--unshare-pid",
      "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "guest", "--as-pid-1",
      "--new-session");
  add_programs(arguments);
  add_own_places(arguments, directory);
  add(arguments, "--ro-bind", guest, std::string{sandbox::programs} + "/aerie-guest");
  add(arguments, "--ro-bind", stream, std::string{sandbox::programs} + "/aerie-stream");
  add(arguments, "--ro-bind", login, std::string{sandbox::programs} + "/aerie-login");
  add(arguments, "--ro-bind", oidc, std::string{sandbox::programs} + "/aerie-oidc");
  add_environment(arguments);
  add(arguments, "--ro-bind-try", directory + "/etc/" + media_registry, sandbox::media_registry);
  add(arguments, "--setenv", "GST_REGISTRY", sandbox::media_registry);
  // It was made for these plug-ins; some would be looked at anew only because HOME is another.
  add(arguments, "--setenv", "GST_REGISTRY_UPDATE", "no");
  if (spec.network_fd)
    add(arguments, "--ro-bind", directory + "/etc/resolv.conf", "/etc/resolv.conf");
  if (!spec.media_ports.empty()) add(arguments, "--setenv", "AERIE_MEDIA_PORTS", spec.media_ports);
  add(arguments, "--", std::string{sandbox::programs} + "/aerie-guest");
  arguments.insert(arguments.end(), spec.guest_arguments.begin(), spec.guest_arguments.end());
  return arguments;
}

Result<void> prepare_sandbox_directory(const SandboxSpec& spec) {
  const auto home = spec.directory + "/home";
  const auto etc = spec.directory + "/etc";
  for (const auto& [path, mode] :
       {std::pair{spec.directory, mode_t{0755}}, {home, mode_t{0700}}, {etc, mode_t{0755}}})
    if (auto made = make_directory(path, mode); !made) return made;
  auto machine_id = spec.vm;
  std::erase(machine_id, '-');
  const std::array<std::pair<const char*, std::string>, 3> files{{
      {"passwd", "root:x:0:0:root:/root:/usr/sbin/nologin\nuser:x:1000:1000::/home/user:/bin/sh\n"},
      {"group", "root:x:0:\nuser:x:1000:\n"},
      {"machine-id", machine_id + "\n"},
  }};
  for (const auto& [name, text] : files)
    if (auto written = write_file(etc + "/" + name, text); !written) return written;
  if (spec.network_fd)
    if (auto written = write_file(etc + "/resolv.conf", network::resolv_conf_of(spec.resolvers));
        !written)
      return written;
  if (!spec.media_registry.empty()) {
    // Without it the guest's streamer looks at every plug-in once more: a second, but no fault.
    std::error_code ignored;
    fs::copy_file(spec.media_registry, etc + "/" + media_registry,
                  fs::copy_options::overwrite_existing, ignored);
  }
  if (spec.identity && ::lchown(home.c_str(), spec.identity->uid, spec.identity->gid) != 0)
    return tl::unexpected(failed(home, errno));
  return {};
}

}  // namespace aerie
