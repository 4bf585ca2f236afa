#include "runtime/drivers/qemu/qemu_vmm.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "runtime/drivers/vm/vm_files.hpp"
#include "runtime/process/unix_socket.hpp"

namespace aerie {
namespace {

constexpr std::string_view own_words = "qemu-system-x86_64: ";

/// What QEMU may say when it ends, and what that means.
struct Sign {
  std::string_view words;
  CauseKind kind;
  const char* remedy;
};
constexpr std::array signs{
    Sign{"annot set up guest memory", CauseKind::memory_too_small,
         "Free memory of this host, or give the profile less (resources.memoryMiB)."},
    Sign{"Cannot allocate memory", CauseKind::memory_too_small,
         "Free memory of this host, or give the profile less (resources.memoryMiB)."},
    Sign{"could not load kernel", CauseKind::image_corrupt,
         "Make the image again (./run image), or correct images.kernel."},
    Sign{"could not open kernel", CauseKind::root_missing,
         "Let the guests' user read the image's files (chmod a+r)."},
    Sign{"No space left on device", CauseKind::disk_full,
         "Free space in the state directory's file system."},
};

constexpr std::size_t forwarded_ports = 16;  // a viewer takes one, two with audio

/// Ports of this host's loopback that nobody has at this moment.
std::vector<std::uint16_t> free_udp_ports(std::size_t count) {
  std::vector<UniqueFd> held;
  std::vector<std::uint16_t> ports;
  while (ports.size() < count) {
    UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (!socket || ::bind(socket.get(), generic, size) != 0 ||
        ::getsockname(socket.get(), generic, &size) != 0)
      break;
    ports.push_back(ntohs(address.sin_port));
    held.push_back(std::move(socket));
  }
  return ports;
}

/// QEMU says `nospace` of disks only whose errors stop the machine; the guest hears of ours.
bool is_for_want_of_space(const Json& error) {
  const auto reason = error.find("reason");
  return error.value("nospace", false) ||
         (reason != error.end() && *reason == std::strerror(ENOSPC));
}

}  // namespace

QemuVmm::QemuVmm(Reactor& reactor, VmPlan plan, Options options)
    : reactor_(reactor), plan_(std::move(plan)), options_(std::move(options)) {}

Result<void> QemuVmm::prepare() {
  const auto& needed = plan_.image.memory_mib;
  if (plan_.resources.memory_mib < needed)
    return tl::unexpected(Cause{CauseKind::memory_too_small,
                                "The guest has " + std::to_string(plan_.resources.memory_mib) +
                                    " MiB of memory, and its image boots with " +
                                    std::to_string(needed) + " MiB or more.",
                                "Raise resources.memoryMiB of the profile, or guests.memoryMiB.",
                                {}});
  if (options_.state) return prepare_vm_files(plan_, *options_.state);
  return prepare_vm_files(plan_, plan_.image.overlay);
}

Result<void> QemuVmm::lend(const std::string& path, int flags, int as) {
  UniqueFd file{::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW)};
  if (!file)
    return tl::unexpected(Cause{CauseKind::root_missing,
                                "'" + path + "' can't be opened: " + std::strerror(errno) + ".",
                                "Make the image again (./run image), or correct its rights.",
                                {}});
  lent_[as] = std::move(file);
  return {};
}

/// Somebody may take a port before QEMU does: then QEMU says so, and ends.
std::optional<network::GuestNetwork> QemuVmm::own_network() {
  return own_network(free_udp_ports(forwarded_ports));
}

std::optional<network::GuestNetwork> QemuVmm::own_network(const std::vector<std::uint16_t>& ports) {
  if (ports.empty()) return std::nullopt;
  options_.machine.forwarded_ports = ports;
  network::GuestNetwork network;
  network.address = qemu_network::guest;
  network.next_hop = qemu_network::gateway;
  std::vector<network::MediaMap::Entry> entries;
  auto guest_port = qemu_network::first_port;
  for (const auto port : ports) {
    entries.push_back({qemu_network::guest, {guest_port, guest_port}, "127.0.0.1", port});
    network.media_ports = network::PortRange{qemu_network::first_port, guest_port++};
  }
  network.media = network::MediaMap{std::move(entries)};
  return network;
}

Result<SpawnRequest> QemuVmm::command(std::optional<int> tap) {
  for (const auto& [path, flags, as] :
       {std::tuple{plan_.image.kernel, O_RDONLY, qemu_fd::kernel},
        {plan_.image.initrd, O_RDONLY, qemu_fd::initrd},
        {plan_.image.root, O_RDONLY, qemu_fd::root},
        {overlay_path(plan_.directory), O_RDWR, qemu_fd::overlay},
        {console_path(plan_.directory), O_WRONLY | O_APPEND, qemu_fd::console}})
    if (auto opened = lend(path, flags, as); !opened) return tl::unexpected(opened.error());
  for (const auto& [path, as] : {std::pair{qemu_link_path(plan_.directory), qemu_fd::link},
                                 {qemu_monitor_path(plan_.directory), qemu_fd::qmp}}) {
    auto listener = listen_unix(path);
    if (!listener) return tl::unexpected(listener.error());
    lent_[as] = std::move(*listener);
  }
  if (options_.state)
    if (auto opened = lend(options_.state->state(), O_RDONLY, qemu_fd::state); !opened)
      return tl::unexpected(opened.error());
  options_.machine.has_tap = tap.has_value();
  SpawnRequest request;
  request.argv = qemu_command(options_.machine, options_.state.has_value());
  request.argv.front() = options_.program;
  request.env = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  request.cwd = "/";
  request.identity = plan_.identity;
  for (const auto& [as, file] : lent_)
    request.fds.push_back({file.get(), as});
  if (tap) request.fds.push_back({*tap, qemu_fd::tap});
  return request;
}

void QemuVmm::on_started(bool, std::function<void(Cause cause)> failed) {
  lent_.clear();
  if (!options_.is_watched) return;
  auto socket = connect_unix(qemu_monitor_path(plan_.directory));
  if (!socket) return;  // whatever keeps it from listening ends it, too
  monitor_ = std::make_unique<QmpClient>(
      reactor_, std::move(*socket),
      QmpClient::Events{[failed = std::move(failed), directory = plan_.directory](
                            const std::string& name, const Json& data) {
                          if (name == "BLOCK_IO_ERROR" && is_for_want_of_space(data))
                            failed({CauseKind::disk_full,
                                    "What the guest writes does not fit into the file system of '" +
                                        directory + "'.",
                                    "Free space there, or give the state another file system.",
                                    {}});
                        },
                        {}});
}

void QemuVmm::connect(std::function<void(Result<UniqueFd> stream)> connected) {
  // The listener was ours and was handed over: this waits in its queue until QEMU accepts.
  connected(connect_unix(qemu_link_path(plan_.directory)));
}

std::optional<std::string> QemuVmm::former_secret() const {
  return options_.state ? std::optional{options_.state->secret} : std::nullopt;
}

void QemuVmm::pause(bool is_paused, std::function<void(Result<void> outcome)> done) {
  if (!monitor_)
    return done(tl::unexpected(Cause{
        CauseKind::vmm_failed, "QEMU's monitor is not connected.", "Look at the VMM's log.", {}}));
  monitor_->execute(is_paused ? "stop" : "cont", Json::object(),
                    [done = std::move(done)](const Result<Json>& answer) {
                      done(answer ? Result<void>{} : tl::unexpected(answer.error()));
                    });
}

std::optional<Cause> QemuVmm::explain(const ExitRecord& exit) const {
  const auto said = std::find_if(exit.tail.rbegin(), exit.tail.rend(),
                                 [](const auto& line) { return line.starts_with(own_words); });
  if (said == exit.tail.rend()) return std::nullopt;
  const auto words = said->substr(own_words.size());
  for (const auto& sign : signs)
    if (words.find(sign.words) != std::string::npos)
      return Cause{sign.kind, "QEMU says: " + words + ".", sign.remedy, {}};
  if (exit.kind == CauseKind::clean || exit.kind == CauseKind::signal) return std::nullopt;
  return Cause{CauseKind::vmm_failed,
               "QEMU says: " + words + ".",
               "Look at the VMM's log; `aerie doctor --driver qemu` checks what it needs.",
               {}};
}

}  // namespace aerie
