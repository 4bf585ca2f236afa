#include "runtime/drivers/qemu/qemu_state.hpp"

#include <fcntl.h>
#include <future>
#include <unistd.h>

#include "runtime/doctor/probe.hpp"
#include "runtime/drivers/qemu/qemu_driver.hpp"
#include "runtime/drivers/qemu/qemu_vmm.hpp"
#include "runtime/drivers/qemu/qmp_client.hpp"
#include "runtime/process/unix_socket.hpp"

namespace aerie {
namespace {

constexpr std::uint64_t fast = 8ULL * 1024 * 1024 * 1024;  // bytes a second

/// Writes a machine's memory and devices into a file, by QEMU's own migration, which stops it at
/// the end. Not before: what was stopped when it was saved would be stopped when it goes on.
class Migration {
 public:
  Migration(Reactor& reactor, std::string monitor)
      : reactor_(reactor), monitor_(std::move(monitor)) {}
  Migration(const Migration&) = delete;
  Migration& operator=(const Migration&) = delete;
  ~Migration() {
    reactor_.call([&] { client_.reset(); });
  }

  Result<void> save(const std::string& path, Duration within) {
    file_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file_) return tl::unexpected(not_saved("'" + path + "' can't be made"));
    auto done = done_.get_future();
    reactor_.call([&] { begin(); });
    if (done.wait_for(within) != std::future_status::ready)
      return tl::unexpected(Cause{CauseKind::deadline,
                                  "QEMU did not save the guest in time.",
                                  "Try again on a host with less load.",
                                  {}});
    if (auto saved = done.get(); !saved) return saved;
    if (::fsync(file_.get()) != 0) return tl::unexpected(not_saved("it can't be synced"));
    return {};
  }

 private:
  void begin() {
    auto socket = connect_unix(monitor_);
    if (!socket) return finish(tl::unexpected(socket.error()));
    client_ = std::make_unique<QmpClient>(
        reactor_, std::move(*socket),
        QmpClient::Events{
            [this](const std::string& name, const Json& data) { on_event(name, data); },
            [this](const Cause& cause) { finish(tl::unexpected(cause)); }});
    order("migrate-set-capabilities",
          {{"capabilities", {{{"capability", "events"}, {"state", true}}}}});
    order("migrate-set-parameters", {{"max-bandwidth", fast}});
    order("getfd", {{"fdname", "state"}}, file_.get());
    order("migrate", {{"uri", "fd:state"}});
  }

  void order(const std::string& command, const Json& arguments, int descriptor = -1) {
    client_->execute(
        command, arguments,
        [this](const Result<Json>& answer) {
          if (!answer) finish(tl::unexpected(answer.error()));
        },
        descriptor);
  }

  void on_event(const std::string& name, const Json& data) {
    if (name != "MIGRATION") return;
    const auto status = data.value("status", "");
    if (status == "completed") finish({});
    if (status == "failed") finish(tl::unexpected(not_saved("QEMU's migration failed")));
  }

  void finish(Result<void> result) {
    if (!std::exchange(is_finished_, true)) done_.set_value(std::move(result));
  }

  Reactor& reactor_;
  std::string monitor_;
  UniqueFd file_;
  std::unique_ptr<QmpClient> client_;
  std::promise<Result<void>> done_;
  bool is_finished_ = false;
};

class QemuStateSource final : public StateSource {
 public:
  std::vector<std::string> identity(const GuestImage& image, const Profile& profile,
                                    const std::optional<SpawnRequest::Identity>& user) override {
    const auto choice = choose_acceleration(image.kernel, user);
    return qemu_identity(qemu_machine(choice, profile.resources), qemu_version());
  }
  std::shared_ptr<Driver> make_driver(Reactor& reactor, Reactor& disk, VmOptions options,
                                      const ImageSettings& images) override {
    return make_qemu_driver(reactor, disk, std::move(options), images);
  }
  Result<void> save(Reactor& reactor, const std::string& directory, const SavedState& state,
                    Duration within) override {
    Migration migration{reactor, qemu_monitor_path(directory)};
    return migration.save(state.state(), within);
  }
};

}  // namespace

std::string qemu_version() {
  Probe probe;
  probe.argv = {qemu_program, "--version"};
  probe.until_first_line = true;
  const auto result = run_probe(probe);
  return result.out.empty() ? "" : result.out.front();
}

std::vector<std::string> qemu_identity(const QemuMachine& machine, const std::string& version) {
  auto same = machine;
  // What is behind the guest's interface and disk is no part of the machine.
  same.has_tap = false;
  same.forwarded_ports.clear();
  same.disk_mib_per_second = 0;
  auto words = qemu_command(same, false);
  words.push_back(version);
  return words;
}

std::unique_ptr<StateSource> make_qemu_state_source() {
  return std::make_unique<QemuStateSource>();
}

}  // namespace aerie
