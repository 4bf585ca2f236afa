#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "runtime/drivers/guest_link.hpp"
#include "runtime/drivers/guest_resources.hpp"
#include "runtime/drivers/process/adopted_process.hpp"
#include "runtime/drivers/process/oom_witness.hpp"
#include "runtime/drivers/process/process_driver.hpp"
#include "runtime/drivers/process/sandbox.hpp"
#include "runtime/process/process.hpp"

namespace aerie {

/// One guest of the process driver, on the reactor's thread: its directory, cgroup, processes and
/// link. `ProcessDriver`'s machines are handles to it.
class ProcessMachine : public std::enable_shared_from_this<ProcessMachine> {
 public:
  ProcessMachine(Reactor& reactor, Reactor& disk, const ProcessDriverOptions& options,
                 MachineSpec spec, std::shared_ptr<MachineReports> reports);

  void start();
  /// Takes over the guest that an earlier controller left in this directory.
  void adopt();
  void send(const link::HostMessage& message);
  void pause(bool is_paused);
  void kill(const std::string& by);
  void release(const Resource& resource);
  /// Stops watching; the guest lives on.
  void forget();

 private:
  /// What `aerie-enter` has the guest's network namespace as.
  static constexpr int inherited_network_fd = 5;

  void launch();
  void fail_start(const Cause& cause);
  [[nodiscard]] Result<void> start_steps();
  [[nodiscard]] Result<void> find_cgroup();
  [[nodiscard]] Result<void> adopt_steps();
  [[nodiscard]] Result<void> start_process(const std::string& socket_path);
  [[nodiscard]] Result<void> connect(const std::string& socket_path);
  void on_linked();
  [[nodiscard]] bool is_running() const;
  void on_message(link::GuestMessage message);
  void on_exit(ExitRecord exit);
  void on_link_lost(Cause cause);
  void kill_everything();
  void translate(link::ChildNews& news);
  [[nodiscard]] std::int64_t host_pid_of(std::int64_t inner_pid);
  [[nodiscard]] std::int64_t first_process();

  // process_machine_network.cpp
  void make_network();
  void on_network_made(Result<network::GuestNetwork> network);
  void adopt_network(std::function<void()> then);
  void take_network(network::GuestNetwork network);
  [[nodiscard]] network::GuestNetworkRequest own_network() const;

  Reactor& reactor_;
  Reactor& disk_;
  ProcessDriverOptions options_;
  MachineSpec spec_;
  std::shared_ptr<MachineReports> reports_;
  SandboxSpec sandbox_;
  std::string secret_;
  std::optional<Cgroup> cgroup_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<AdoptedProcess> adopted_;  ///< in its place, where the guest was adopted
  std::unique_ptr<GuestLink> link_;
  UniqueFd network_namespace_;                 ///< until the guest's first process is in it
  std::shared_ptr<GuestMedia> media_;          ///< of a guest with a network of its own
  std::int64_t first_process_ = 0;             ///< the guest's pid 1 as we see it; 0: not known
  std::map<std::int64_t, std::int64_t> pids_;  ///< the guest's numbers to ours
  OomWitness oom_;
  bool is_linked_ = false;
  bool is_finished_ = false;  ///< the guest said that its children ended as they were asked to
  TimerId loss_timer_;        ///< the link was lost, its guest is ending
};

}  // namespace aerie
