#include "runtime/drivers/process/process_machine.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

#include "runtime/drivers/process/guest_record.hpp"
#include "runtime/drivers/process/guest_survey.hpp"
#include "runtime/process/handshake.hpp"
#include "runtime/process/host_pid.hpp"
#include "runtime/process/unix_socket.hpp"

namespace aerie {
namespace {

constexpr int secret_fd = 3;
constexpr int listen_fd = 4;
constexpr const char* socket_name = "guest.sock";
constexpr std::uint64_t pids_per_guest = 4096;
constexpr Duration longest_ending{1000};  // between a process's closed files and its end
constexpr std::uint64_t mebibyte = 1024 * 1024;

Cause failed(const std::string& what) {
  return {CauseKind::sandbox_failed,
          what + ": " + std::strerror(errno) + ".",
          "Check limits and rights of the controller; `aerie doctor` tells more.",
          {}};
}

/// A pipe that holds the secret and nothing else; its writing end is closed already.
Result<UniqueFd> secret_pipe(const std::string& secret) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return tl::unexpected(failed("No pipe for the guest's secret"));
  UniqueFd reader{ends[0]};
  const UniqueFd writer{ends[1]};
  const auto written = ::write(writer.get(), secret.data(), secret.size());
  if (written != static_cast<ssize_t>(secret.size()))
    return tl::unexpected(failed("The guest's secret could not be handed over"));
  return reader;
}

std::string read_file(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

/// The direct children of all threads of a process, as we see them (proc(5), `children`).
std::vector<pid_t> children_of(std::int64_t pid) {
  std::vector<pid_t> children;
  std::error_code error;
  const std::filesystem::path tasks{"/proc/" + std::to_string(pid) + "/task"};
  for (const auto& task : std::filesystem::directory_iterator{tasks, error}) {
    std::ifstream file{task.path() / "children"};
    children.insert(children.end(), std::istream_iterator<pid_t>{file},
                    std::istream_iterator<pid_t>{});
  }
  return children;
}

/// Whether a process is on its way out, though it can't be waited for yet (proc(5), `flags`).
bool is_ending(std::int64_t pid) {
  constexpr unsigned long exiting = 0x4;  // PF_EXITING of the kernel's sched.h
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto name_end = stat.rfind(')');
  if (name_end == std::string::npos) return true;
  std::istringstream rest{stat.substr(name_end + 1)};
  std::string skipped;
  for (int field = 3; field < 9; ++field)
    rest >> skipped;
  unsigned long flags = 0;
  rest >> flags;
  return (flags & exiting) != 0;
}

/// Whoever made the sandbox says what failed in its last line; the guest's own program never ran.
void name_sandbox_failure(ExitRecord& exit) {
  const auto is_makers = [](const std::string& line) {
    return line.starts_with("bwrap: ") || line.starts_with("aerie-enter: ");
  };
  const auto said = std::find_if(exit.tail.rbegin(), exit.tail.rend(), is_makers);
  if (said == exit.tail.rend() || exit.kind != CauseKind::exit_code) return;
  exit.kind = CauseKind::sandbox_failed;
  exit.message = "The guest's sandbox could not be made: " + *said + ".";
  exit.remedy =
      "Make what it names usable for the guest's user; `aerie doctor` checks the sandbox.";
}

/// bubblewrap passes its child's end on as an exit status, a signal as 128 and its number.
void undo_shell_status(ExitRecord& exit) {
  if (!exit.code || *exit.code <= 128 || *exit.code > 128 + 64) return;
  const auto* name = ::sigabbrev_np(*exit.code - 128);
  if (name == nullptr) return;
  exit.signal = std::string{"SIG"} + name;
  exit.code.reset();
  exit.kind = CauseKind::signal;
  exit.message = "The guest's supervisor was ended by " + *exit.signal + ".";
  exit.remedy = "Find out who sent it; the kernel's log tells if it was the OOM killer.";
}

}  // namespace

ProcessMachine::ProcessMachine(Reactor& reactor, Reactor& disk, const ProcessDriverOptions& options,
                               MachineSpec spec, std::shared_ptr<MachineReports> reports)
    : reactor_(reactor),
      disk_(disk),
      options_(options),
      spec_(std::move(spec)),
      reports_(std::move(reports)),
      secret_(random_hex()) {
  sandbox_.vm = spec_.vm;
  sandbox_.directory = options_.vms_directory + "/" + spec_.vm;
  sandbox_.guest_program = options_.guest_program;
  sandbox_.stream_program = options_.stream_program;
  sandbox_.login_program = options_.login_program;
  sandbox_.oidc_program = options_.oidc_program;
  sandbox_.enter_program = options_.enter_program;
  sandbox_.media_registry = options_.media_registry;
  sandbox_.guest_arguments = {"--listen-fd", std::to_string(listen_fd), "--secret-fd",
                              std::to_string(secret_fd)};
  if (options_.uid_base > 0) {
    const auto id = static_cast<uid_t>(options_.uid_base + spec_.slot);
    sandbox_.identity = SpawnRequest::Identity{id, id};
  }
}

// -- start ----------------------------------------------------------------------------------------

void ProcessMachine::start() {
  if (options_.networks != nullptr) return make_network();
  launch();
}

void ProcessMachine::launch() {
  if (auto started = start_steps(); !started) fail_start(started.error());
}

void ProcessMachine::fail_start(const Cause& cause) {
  kill_everything();
  reports_->on_failed(cause);
}

Result<void> ProcessMachine::start_steps() {
  if (auto made = prepare_sandbox_directory(sandbox_); !made) return made;
  if (auto found = find_cgroup(); !found) return found;
  // Before the guest runs: whoever follows us could not prove itself to it otherwise.
  GuestRecord record;
  record.secret = secret_;
  record.slot = spec_.slot;
  if (media_) record.interface = media_->network().interface;
  if (auto written = write_guest_record(sandbox_.directory, record); !written) return written;
  const auto socket_path = sandbox_.directory + "/" + socket_name;
  if (auto started = start_process(socket_path); !started) return started;
  record.process = identity_of(process_->pid());
  if (auto written = write_guest_record(sandbox_.directory, record); !written) return written;
  reports_->on_started(process_->pid());
  return connect(socket_path);
}

Result<void> ProcessMachine::find_cgroup() {
  const auto& resources = spec_.configure.profile->resources;
  auto cgroup =
      Cgroup::create(options_.cgroups, cgroup_name(options_, spec_.vm),
                     {static_cast<std::uint64_t>(resources.memory_mib) * mebibyte, pids_per_guest});
  if (!cgroup) return tl::unexpected(cgroup.error());
  cgroup_ = std::move(*cgroup);
  return {};
}

// -- adoption -------------------------------------------------------------------------------------

void ProcessMachine::adopt() {
  if (auto adopted = adopt_steps(); !adopted) fail_start(adopted.error());
}

Result<void> ProcessMachine::adopt_steps() {
  if (auto found = find_cgroup(); !found) return found;
  const auto record = read_guest_record(sandbox_.directory);
  if (!record) return tl::unexpected(record.error());
  secret_ = record->secret;
  oom_.begin_at(spec_.oom_kills);
  auto adopted = AdoptedProcess::adopt(reactor_, record->process, [this](ExitRecord exit) {
    if (is_finished_ && exit.kind == CauseKind::vmm_exited) {
      exit.kind = CauseKind::clean;
      exit.message = "The guest ended once its children had.";
    }
    on_exit(std::move(exit));
  });
  if (!adopted) return tl::unexpected(adopted.error());
  adopted_ = std::move(*adopted);
  reports_->on_started(adopted_->pid());
  const auto socket_path = sandbox_.directory + "/" + socket_name;
  if (options_.networks == nullptr || record->interface.empty()) return connect(socket_path);
  adopt_network([this, socket_path] {
    if (auto connected = connect(socket_path); !connected) fail_start(connected.error());
  });
  return {};
}

Result<void> ProcessMachine::start_process(const std::string& socket_path) {
  auto listener = listen_unix(socket_path);
  if (!listener) return tl::unexpected(listener.error());
  auto secret = secret_pipe(secret_);
  if (!secret) return tl::unexpected(secret.error());
  SpawnRequest request;
  request.argv = sandbox_command(sandbox_);
  request.env = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  request.fds = {{secret->get(), secret_fd}, {listener->get(), listen_fd}};
  if (network_namespace_) request.fds.push_back({network_namespace_.get(), inherited_network_fd});
  request.cgroup_procs = cgroup_->procs_paths();
  ProcessEvents events;
  const auto weak = weak_from_this();
  events.on_lines = [weak](std::vector<LogLine> lines) {
    const auto self = weak.lock();
    if (!self) return;
    for (auto& line : lines) {
      link::GuestMessage said{std::in_place_type<link::LogLines>};
      auto& log = std::get<link::LogLines>(said);
      log.child = "guest";
      log.is_error = line.stream == LogLine::Stream::err;
      log.lines.push_back(std::move(line.text));
      self->reports_->on_says(std::move(said));
    }
  };
  events.on_exit = [weak](ExitRecord exit) {
    if (const auto self = weak.lock()) self->on_exit(std::move(exit));
  };
  events.oom_killed = [weak] {
    const auto self = weak.lock();
    return self && self->cgroup_ && self->cgroup_->oom_kills().value_or(0) > 0;
  };
  auto process = Process::start(reactor_, "vmm", request, std::move(events));
  if (!process) return tl::unexpected(cause_of(process.error()));
  process_ = std::move(*process);
  network_namespace_.reset();
  return {};
}

Result<void> ProcessMachine::connect(const std::string& socket_path) {
  // The listener is ours and was handed over: this waits in its queue until the guest is up.
  auto socket = connect_unix(socket_path);
  if (!socket) return tl::unexpected(socket.error());
  GuestLink::Events events;
  events.on_linked = [this] { on_linked(); };
  events.on_message = [this](link::GuestMessage message) { on_message(std::move(message)); };
  events.on_lost = [this](Cause cause) { on_link_lost(std::move(cause)); };
  link_ = std::make_unique<GuestLink>(reactor_, std::move(*socket), secret_, std::move(events));
  return {};
}

void ProcessMachine::on_linked() {
  first_process_ = first_process();
  is_linked_ = true;
  if (adopted_ && !link_->is_configured())
    return reports_->on_failed(
        {CauseKind::controller_restarted,
         "The controller ended before the guest " + spec_.vm + " had its profile.",
         "Start a new session.",
         {}});
  if (!adopted_) link_->send(spec_.configure);
  spec_.configure.env.clear();  // no need to keep what may be secret
  reports_->on_linked();
}

// -- the guest's words ----------------------------------------------------------------------------

void ProcessMachine::on_message(link::GuestMessage message) {
  if (cgroup_) oom_.correct(message, cgroup_->oom_kills().value_or(0));
  if (auto* news = std::get_if<link::ChildNews>(&message)) translate(*news);
  if (const auto* finished = std::get_if<link::Finished>(&message)) is_finished_ = !finished->cause;
  if (auto* says = std::get_if<link::StreamSays>(&message); says != nullptr && media_) {
    auto body = media_->pass(std::move(says->body));
    if (!body) return;
    says->body = std::move(*body);
  }
  reports_->on_says(std::move(message));
}

void ProcessMachine::translate(link::ChildNews& news) {
  if (news.pid > 0) news.pid = host_pid_of(news.pid);
  if (!news.exit || !news.exit->pid) return;
  const auto inner = *news.exit->pid;
  const auto known = pids_.find(inner);
  if (known == pids_.end() || known->second == 0)
    news.exit->pid.reset();
  else
    news.exit->pid = known->second;
  if (news.kind == link::ChildNewsKind::exited) pids_.erase(inner);
}

std::int64_t ProcessMachine::host_pid_of(std::int64_t inner_pid) {
  const auto known = pids_.find(inner_pid);
  if (known != pids_.end()) return known->second;
  std::int64_t found = 0;
  for (const auto child : children_of(first_process_))
    if (innermost_pid(read_file("/proc/" + std::to_string(child) + "/status")) == inner_pid)
      found = child;
  return pids_[inner_pid] = found;
}

std::int64_t ProcessMachine::first_process() {
  if (!process_ && !adopted_) return 0;
  const auto children = children_of(process_ ? process_->pid() : adopted_->pid());
  return children.empty() ? 0 : children.front();
}

void ProcessMachine::send(const link::HostMessage& message) {
  if (link_) link_->send(message);
}

/// Its clocks would go on: once it woke, everything that watches for silence would find it.
void ProcessMachine::pause(bool is_paused) {
  reports_->on_paused(is_paused, Cause{CauseKind::vmm_failed,
                                       "A guest of the driver process can't be halted.",
                                       "Give the session a virtual machine: driver qemu.",
                                       {}});
}

// -- the end --------------------------------------------------------------------------------------

void ProcessMachine::kill(const std::string& by) {
  kill_everything();
  if (process_ && process_->is_running()) process_->kill(by);
  if (adopted_) adopted_->kill(by);
}

bool ProcessMachine::is_running() const {
  return (process_ && process_->is_running()) || (adopted_ && adopted_->is_running());
}

void ProcessMachine::kill_everything() {
  // The end of its first process is the end of a pid namespace (pid_namespaces(7)).
  const auto first = first_process_ != 0 ? first_process_ : first_process();
  if (first > 0 && is_running()) ::kill(static_cast<pid_t>(first), SIGKILL);
  if (cgroup_) cgroup_->kill_all();
}

/// The kernel closes a process's files before its end can be seen: then the end is the better
/// cause.
void ProcessMachine::on_link_lost(Cause cause) {
  const bool is_violation = cause.kind == CauseKind::link_violation;
  if (is_violation || !is_ending(first_process_)) return reports_->on_link_lost(std::move(cause));
  loss_timer_ = reactor_.after(longest_ending,
                               [this, cause = std::move(cause)] { reports_->on_link_lost(cause); });
}

void ProcessMachine::on_exit(ExitRecord exit) {
  reactor_.cancel(loss_timer_);
  undo_shell_status(exit);
  if (!is_linked_) name_sandbox_failure(exit);
  if (cgroup_) cgroup_->kill_all();
  reports_->on_exited(std::move(exit));
}

void ProcessMachine::release(const Resource& resource) {
  if (resource.kind == "cgroup") {
    // An adopted guest that was gone already has not looked for its group yet.
    if (!cgroup_)
      if (const auto found = find_cgroup(); !found)
        return reports_->on_released(resource, found.error());
    const auto removed = cgroup_->remove();
    const auto failure = removed ? std::nullopt : std::optional{removed.error()};
    return reports_->on_released(resource, failure);
  }
  if (resource.kind == "network") {
    network_namespace_.reset();
    return release_network(options_.networks, resource, reports_);
  }
  if (resource.kind != "directory") return reports_->on_released(resource, std::nullopt);
  link_.reset();
  release_directory(disk_, resource, sandbox_.directory, reports_);
}

void ProcessMachine::forget() {
  reactor_.cancel(loss_timer_);
  link_.reset();
  if (process_) process_->let_go();
  process_.reset();
  adopted_.reset();
}

}  // namespace aerie
