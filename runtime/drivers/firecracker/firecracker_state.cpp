#include "runtime/drivers/firecracker/firecracker_state.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/doctor/probe.hpp"
#include "runtime/process/unix_socket.hpp"

namespace aerie::firecracker {
namespace {

/// The machine's requests, one after the other, from another thread than the reactor's.
class Requests {
 public:
  Requests(Reactor& reactor, std::string socket) : reactor_(reactor), socket_(std::move(socket)) {}
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;
  ~Requests() {
    reactor_.call([&] { client_.reset(); });
  }

  Result<void> follow(Plan plan, Duration within) {
    auto done = done_.get_future();
    reactor_.call([&] {
      auto socket = connect_unix(socket_);
      if (!socket) return done_.set_value(tl::unexpected(socket.error()));
      client_ = std::make_unique<ApiClient>(reactor_, std::move(*socket), within);
      run(*client_, std::move(plan),
          [this](Result<void> outcome) { done_.set_value(std::move(outcome)); });
    });
    return done.get();  // the client answers within its patience
  }

 private:
  Reactor& reactor_;
  std::string socket_;
  std::unique_ptr<ApiClient> client_;
  std::promise<Result<void>> done_;
};

/// Takes a file that Firecracker's user wrote. Guests' users read it by descriptors, or in their
/// jails; the folder itself is nobody else's.
Result<void> take(const std::string& from, const std::string& to) {
  const UniqueFd file{::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return tl::unexpected(not_saved("Firecracker left no file '" + from + "'"));
  if (::fchown(file.get(), ::geteuid(), ::getegid()) != 0 || ::fchmod(file.get(), 0644) != 0 ||
      ::fsync(file.get()) != 0 || ::rename(from.c_str(), to.c_str()) != 0)
    return tl::unexpected(not_saved("'" + to + "' can't be made: " + std::strerror(errno)));
  return {};
}

class FirecrackerStateSource final : public StateSource {
 public:
  FirecrackerStateSource(FirecrackerPrograms programs, bool guests_have_network)
      : programs_(std::move(programs)),
        found_(find_programs(programs_)),
        guests_have_network_(guests_have_network) {}

  std::vector<std::string> identity(const GuestImage&, const Profile& profile,
                                    const std::optional<SpawnRequest::Identity>& user) override {
    user_ = user;
    return identity_of(version_of(found_.firecracker), profile.resources,
                       FirecrackerVmm::is_jailed(found_, user), guests_have_network_);
  }
  std::shared_ptr<Driver> make_driver(Reactor& reactor, Reactor& disk, VmOptions options,
                                      const ImageSettings& images) override {
    options.templates_have_network = guests_have_network_;
    return make_firecracker_driver(reactor, disk, std::move(options), images, programs_);
  }
  Result<void> save(Reactor& reactor, const std::string& directory, const SavedState& state,
                    Duration within) override {
    const auto room = FirecrackerVmm::room_in(directory, found_, user_);
    const bool in_jail = FirecrackerVmm::is_jailed(found_, user_);
    const SnapshotFiles seen{in_jail ? path_in_jail("state") : "state",
                             in_jail ? path_in_jail("memory") : "memory"};
    Requests requests{reactor, room + "/api.sock"};
    if (auto saved = requests.follow(
            {{change_state(VmTransition::pause)}, {create_snapshot(seen, SnapshotKind::full)}},
            within);
        !saved)
      return saved;
    if (auto taken = take(room + "/state", state.state()); !taken) return taken;
    return take(room + "/memory", state.memory());
  }

 private:
  FirecrackerPrograms programs_;
  FirecrackerVmm::Programs found_;
  bool guests_have_network_;
  std::optional<SpawnRequest::Identity> user_;
};

}  // namespace

FirecrackerVmm::Programs find_programs(const FirecrackerPrograms& programs) {
  return {find_program(programs.firecracker).value_or(std::string{}),
          find_program(programs.jailer).value_or(std::string{})};
}

std::string version_of(const std::string& firecracker) {
  if (firecracker.empty()) return {};
  Probe probe;
  probe.argv = {firecracker, "--version"};
  probe.until_first_line = true;
  const auto result = run_probe(probe);
  return result.out.empty() ? std::string{} : result.out.front();
}

bool takes_other_taps(const std::string& version) {
  int major = 0;
  int minor = 0;
  if (std::sscanf(version.c_str(), "Firecracker v%d.%d", &major, &minor) != 2) return false;
  return major > 1 || (major == 1 && minor >= 12);
}

std::vector<std::string> identity_of(const std::string& version, const Resources& resources,
                                     bool is_jailed, bool has_interface) {
  return {version,
          firecracker_kernel_arguments(),
          std::to_string(resources.cpus) + " CPUs",
          std::to_string(resources.memory_mib) + " MiB",
          is_jailed ? "in a jail" : "by descriptors",
          has_interface ? "with an interface" : "without"};
}

std::unique_ptr<StateSource> make_state_source(FirecrackerPrograms programs,
                                               bool guests_have_network) {
  return std::make_unique<FirecrackerStateSource>(std::move(programs), guests_have_network);
}

}  // namespace aerie::firecracker
