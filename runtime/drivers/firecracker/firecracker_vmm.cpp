#include "runtime/drivers/firecracker/firecracker_vmm.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/drivers/firecracker/api_errors.hpp"
#include "runtime/drivers/vm/vm_files.hpp"
#include "runtime/process/unix_socket.hpp"

namespace aerie::firecracker {
namespace {

/// Firecracker's descriptors: the console in place of its standard output, files of the image, and
/// the directory it works in, which it could not reach by name.
constexpr int console_fd = 1;
constexpr int kernel_fd = 3;
constexpr int initrd_fd = 4;
constexpr int root_fd = 5;
constexpr int overlay_fd = 6;
constexpr int room_fd = 7;
constexpr int state_fd = 8;
constexpr int memory_fd = 9;

constexpr const char* interface_id = "eth0";
constexpr const char* overlay_id = "overlay";

std::string path_of(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

tl::unexpected<Cause> not_made(const std::string& path) {
  const bool is_full = errno == ENOSPC || errno == EDQUOT;
  return tl::unexpected(Cause{is_full ? CauseKind::disk_full : CauseKind::store_failed,
                              "'" + path + "' could not be made: " + std::strerror(errno) + ".",
                              is_full ? "Free space in the state directory's file system."
                                      : "Check the rights of the state directory.",
                              {}});
}

/// A locally administered address, unlike that of any other guest of this host.
std::string mac_of(int slot) {
  std::array<char, 18> text{};
  std::snprintf(text.data(), text.size(), "06:61:65:%02x:%02x:%02x",
                static_cast<unsigned>(slot >> 16) & 0xffU, static_cast<unsigned>(slot >> 8) & 0xffU,
                static_cast<unsigned>(slot) & 0xffU);
  return text.data();
}

JailSettings jail_in(const std::string& directory, const FirecrackerVmm::Programs& programs,
                     const SpawnRequest::Identity& user) {
  JailSettings settings;
  settings.jailer = programs.jailer;
  settings.firecracker = programs.firecracker;
  settings.base = directory;
  settings.id = "vm";
  settings.uid = user.uid;
  settings.gid = user.gid;
  return settings;
}

}  // namespace

const char* firecracker_kernel_arguments() {
  return "console=ttyS0 loglevel=6 reboot=k panic=-1 pci=off i8042.noaux i8042.nomux "
         "i8042.dumbkbd random.trust_cpu=on aerie.root=/dev/vda aerie.overlay=/dev/vdb "
         "aerie.link=vsock:7000 aerie.end=reboot";
}

FirecrackerVmm::FirecrackerVmm(Reactor& reactor, VmPlan plan, Options options)
    : reactor_(reactor), plan_(std::move(plan)), options_(std::move(options)) {}

// -- what must be there ---------------------------------------------------------------------------

JailSettings FirecrackerVmm::jail() const {
  return jail_in(plan_.directory, options_.programs, *plan_.identity);
}

std::string FirecrackerVmm::room_in(const std::string& directory, const Programs& programs,
                                    const std::optional<SpawnRequest::Identity>& user) {
  return is_jailed(programs, user) ? jail_root(jail_in(directory, programs, *user))
                                   : directory + "/room";
}

VmSockets FirecrackerVmm::sockets() const {
  return {room() + "/api.sock", room() + "/v.sock", 7000};
}

Result<void> FirecrackerVmm::prepare() {
  if (plan_.resources.memory_mib < plan_.image.memory_mib)
    return tl::unexpected(Cause{CauseKind::memory_too_small,
                                "The guest has " + std::to_string(plan_.resources.memory_mib) +
                                    " MiB of memory, and its image boots with " +
                                    std::to_string(plan_.image.memory_mib) + " MiB or more.",
                                "Raise resources.memoryMiB of the profile.",
                                {}});
  const auto& state = options_.state;
  if (auto prepared =
          state ? prepare_vm_files(plan_, *state) : prepare_vm_files(plan_, plan_.image.overlay);
      !prepared)
    return prepared;
  if (!is_jailed()) return make_room();
  if (auto checked = check(jail()); !checked) return checked;
  std::vector<JailedFile> files{{plan_.image.kernel, "vmlinux", false},
                                {plan_.image.initrd, "initrd", false},
                                {plan_.image.root, "root.img", false},
                                {overlay_path(plan_.directory), "overlay", true}};
  if (state) {
    files.push_back({state->state(), "state", false});
    files.push_back({state->memory(), "memory", false});
  }
  if (auto filled = fill_jail(jail(), files); !filled) return filled;
  return make_room();
}

/// The directory, and files that Firecracker opens and does not make.
Result<void> FirecrackerVmm::make_room() const {
  if (::mkdir(room().c_str(), 0700) != 0 && errno != EEXIST) return not_made(room());
  const auto give = [&](const std::string& path) {
    return !plan_.identity || ::chown(path.c_str(), plan_.identity->uid, plan_.identity->gid) == 0;
  };
  for (const auto* name : {"/log", "/metrics"}) {
    const auto path = room() + name;
    const UniqueFd file{
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file || !give(path)) return not_made(path);
  }
  if (!give(room())) return not_made(room());
  return {};
}

// -- the start ------------------------------------------------------------------------------------

Result<SpawnRequest> FirecrackerVmm::command(std::optional<int> tap) {
  const auto console = console_path(plan_.directory);
  lent_[console_fd].reset(::open(console.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
  if (!lent_[console_fd]) return not_made(console);
  if (tap)
    if (auto kept = keep_tap(*tap); !kept) return tl::unexpected(kept.error());
  if (options_.has_template_tap && plan_.identity)
    if (auto made = make_template_tap(); !made) return tl::unexpected(made.error());
  if (auto listening = listen_for_knock(); !listening) return tl::unexpected(listening.error());
  const std::vector<std::string> arguments{"--api-sock", seen_as("api.sock")};
  SpawnRequest request;
  request.env = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  if (is_jailed()) {
    request.argv = jail_command(jail(), arguments);
    request.cwd = "/";
  } else {
    if (auto lent = lend_files(); !lent) return tl::unexpected(lent.error());
    request.argv = {options_.programs.firecracker, "--id", plan_.vm};
    request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
    request.cwd = path_of(room_fd);
    request.identity = plan_.identity;
  }
  for (const auto& [as, file] : lent_)
    request.fds.push_back({file.get(), as});
  return request;
}

Result<void> FirecrackerVmm::lend_files() {
  std::vector<std::tuple<std::string, int, int>> files{
      {plan_.image.kernel, O_RDONLY, kernel_fd},
      {plan_.image.initrd, O_RDONLY, initrd_fd},
      {plan_.image.root, O_RDONLY, root_fd},
      {overlay_path(plan_.directory), O_RDWR, overlay_fd},
      {room(), O_RDONLY | O_DIRECTORY, room_fd}};
  if (options_.state) {
    files.emplace_back(options_.state->state(), O_RDONLY, state_fd);
    files.emplace_back(options_.state->memory(), O_RDONLY, memory_fd);
  }
  for (const auto& [path, flags, as] : files) {
    UniqueFd file{::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW)};
    if (!file)
      return tl::unexpected(Cause{CauseKind::root_missing,
                                  "'" + path + "' can't be opened: " + std::strerror(errno) + ".",
                                  "Make the image again (./run image), or correct its rights.",
                                  {}});
    // Firecracker opens it anew by its descriptor's name, as the user it is.
    if (as == overlay_fd && plan_.identity &&
        ::fchown(file.get(), plan_.identity->uid, plan_.identity->gid) != 0)
      return not_made(path);
    lent_[as] = std::move(file);
  }
  return {};
}

/// Firecracker opens a tap by its name, so it must outlive our descriptor; whoever removes the
/// guest's network removes it.
Result<void> FirecrackerVmm::keep_tap(int tap) {
  ifreq device{};
  const bool is_kept =
      ::ioctl(tap, TUNGETIFF, &device) == 0 &&
      (!plan_.identity || ::ioctl(tap, TUNSETOWNER, static_cast<long>(plan_.identity->uid)) == 0) &&
      ::ioctl(tap, TUNSETPERSIST, 1L) == 0;
  if (!is_kept)
    return tl::unexpected(
        Cause{CauseKind::network_failed,
              std::string{"The guest's tap device can't be kept: "} + std::strerror(errno) + ".",
              "Give the controller CAP_NET_ADMIN, or guests no network.",
              {}});
  tap_ = device.ifr_name;
  return {};
}

/// A guest that goes on from this one has the interface that it has, whatever is behind it then.
Result<void> FirecrackerVmm::make_template_tap() {
  auto made = TemplateTap::make(*plan_.identity);
  if (!made) return tl::unexpected(made.error());
  template_tap_ = std::move(*made);
  tap_ = template_tap_->name();
  return {};
}

/// Where Firecracker looks for who listens at the host's port (its `docs/vsock.md`).
Result<void> FirecrackerVmm::listen_for_knock() {
  const auto where = sockets();
  auto listener = listen_unix(where.vsock + "_" + std::to_string(where.link_port), 0666);
  if (!listener) return tl::unexpected(listener.error());
  auto watch = reactor_.watch(listener->get(), EPOLLIN, [this](std::uint32_t) { on_knock(); });
  if (!watch) return tl::unexpected(watch.error());
  knock_ = std::move(*listener);
  knock_watch_ = std::move(*watch);
  return {};
}

std::string FirecrackerVmm::seen_as(const char* name) const {
  return is_jailed() ? path_in_jail(name) : name;
}

/// As many bytes a second, with as much at once.
std::optional<RateLimiter> FirecrackerVmm::limiter() const {
  if (plan_.disk_mib_per_second == 0) return std::nullopt;
  constexpr std::int64_t second = 1000;
  return RateLimiter{TokenBucket{std::int64_t{plan_.disk_mib_per_second} << 20, second, 0},
                     std::nullopt};
}

BootSettings FirecrackerVmm::settings() const {
  const bool in_jail = is_jailed();
  BootSettings settings;
  settings.log = seen_as("log");
  settings.metrics = seen_as("metrics");
  settings.machine = {plan_.resources.cpus, plan_.resources.memory_mib, false};
  settings.source = {in_jail ? path_in_jail("vmlinux") : path_of(kernel_fd),
                     in_jail ? path_in_jail("initrd") : path_of(initrd_fd),
                     firecracker_kernel_arguments()};
  settings.drives = {{"root", in_jail ? path_in_jail("root.img") : path_of(root_fd), true, true,
                      false, std::nullopt},
                     {overlay_id, in_jail ? path_in_jail("overlay") : path_of(overlay_fd), false,
                      false, false, limiter()}};
  if (!tap_.empty()) settings.interfaces = {{interface_id, tap_, mac_of(plan_.slot), {}, {}, {}}};
  settings.vsock = Vsock{3, seen_as("v.sock")};
  return settings;
}

/// Its devices are where the saved machine's were, by the same names; only the tap is another.
RestoreSettings FirecrackerVmm::restore_settings() const {
  const bool in_jail = is_jailed();
  RestoreSettings settings;
  settings.log = seen_as("log");
  settings.metrics = seen_as("metrics");
  settings.load.files = {in_jail ? path_in_jail("state") : path_of(state_fd),
                         in_jail ? path_in_jail("memory") : path_of(memory_fd)};
  if (!tap_.empty()) settings.load.taps = {{interface_id, tap_}};
  if (const auto limit = limiter()) settings.limiters[overlay_id] = *limit;
  return settings;
}

void FirecrackerVmm::on_started(bool is_adopted, std::function<void(Cause cause)> failed) {
  lent_.clear();
  is_adopted_ = is_adopted;
  failed_ = std::move(failed);
  if (is_adopted) return;
  boot_ = std::make_unique<BootSequence>(
      reactor_, sockets(),
      options_.state ? restore_plan(restore_settings()) : boot_plan(settings()), BootPatience{},
      BootSequence::Events{{},
                           [this](UniqueFd link) {
                             if (connected_) connected_(std::move(link));
                           },
                           [this](const Cause& cause) { failed_(cause); }});
  if (options_.state) boot_->guest_listens();  // it did when it was saved
}

// -- the link -------------------------------------------------------------------------------------

void FirecrackerVmm::on_knock() {
  if (!accept_unix(knock_.get())) return;
  knock_watch_.reset();
  knock_.reset();
  if (boot_) boot_->guest_listens();
}

/// A guest that was adopted listens long since. The port that it would knock at is not listened at
/// again: by now the directory is in the hands of a VMM that may have been taken over.
void FirecrackerVmm::connect(std::function<void(Result<UniqueFd> stream)> connected) {
  connected_ = std::move(connected);
  if (!is_adopted_) return;
  const auto where = sockets();
  link_ = std::make_unique<VsockConnection>(
      reactor_, where.vsock, where.link_port, BootPatience{}.link,
      [this](Result<UniqueFd> stream) { connected_(std::move(stream)); });
}

std::optional<std::string> FirecrackerVmm::former_secret() const {
  return options_.state ? std::optional{options_.state->secret} : std::nullopt;
}

// -- halting --------------------------------------------------------------------------------------

void FirecrackerVmm::pause(bool is_paused, std::function<void(Result<void> outcome)> done) {
  auto* client = boot_ ? boot_->api() : api_.get();
  if (client == nullptr || !client->is_open()) {
    auto socket = connect_unix(sockets().api);
    if (!socket) return done(tl::unexpected(socket.error()));
    api_ = std::make_unique<ApiClient>(reactor_, std::move(*socket));
    client = api_.get();
  }
  client->send(change_state(is_paused ? VmTransition::pause : VmTransition::resume),
               [done = std::move(done)](const Result<Json>& answer) {
                 done(answer ? Result<void>{} : tl::unexpected(answer.error()));
               });
}

// -- the end --------------------------------------------------------------------------------------

std::optional<Cause> FirecrackerVmm::explain(const ExitRecord& exit) const {
  auto explained = exit;
  explain_exit(explained);
  if (explained == exit) return std::nullopt;
  return Cause{explained.kind, explained.message, explained.remedy.value_or(""), {}};
}

}  // namespace aerie::firecracker
