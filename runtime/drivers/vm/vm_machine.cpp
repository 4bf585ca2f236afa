#include "runtime/drivers/vm/vm_machine.hpp"

#include <chrono>
#include <sys/socket.h>

#include "messages/frame.hpp"
#include "runtime/drivers/process/guest_record.hpp"
#include "runtime/drivers/vm/vm_files.hpp"
#include "runtime/process/handshake.hpp"

namespace aerie {
namespace {

constexpr std::uint64_t mebibyte = 1024 * 1024;
constexpr std::uint64_t threads_per_vmm = 1024;
constexpr Duration longest_ending{1000};  // between the link's loss and the VMM's end

/// The first word on the link (`guest/init/machine.hpp`): what time it is, and what the guest is to
/// make of its network. `secret`: of a guest that has none yet.
Json first_word(const std::optional<std::string>& secret, const Json& network,
                const Json& environment) {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  Json word{{"type", secret ? "birth" : "renew"}, {"at", now}, {"entropy", random_hex()}};
  if (secret) word["secret"] = *secret;
  if (!network.is_null()) word["network"] = network;
  word["environment"] = environment;
  return word;
}

/// On a socket that was connected just now, whose buffer is empty.
bool send_frame(const UniqueFd& socket, const Json& frame) {
  const auto bytes = encode_frame(frame);
  return bytes && ::send(socket.get(), bytes->data(), bytes->size(), MSG_NOSIGNAL) ==
                      static_cast<ssize_t>(bytes->size());
}

}  // namespace

VmMachine::VmMachine(Reactor& reactor, Reactor& disk, VmOptions options, MakeVmm make_vmm,
                     MachineSpec spec, std::shared_ptr<MachineReports> reports)
    : reactor_(reactor),
      disk_(disk),
      options_(std::move(options)),
      make_vmm_(std::move(make_vmm)),
      spec_(std::move(spec)),
      reports_(std::move(reports)),
      directory_(options_.vms_directory + "/" + spec_.vm),
      secret_(random_hex()) {}

VmPlan VmMachine::plan() const {
  VmPlan plan;
  plan.vm = spec_.vm;
  plan.slot = spec_.slot;
  plan.directory = directory_;
  plan.resources = spec_.configure.profile->resources;
  plan.address = spec_.address;
  plan.disk_mib_per_second = options_.disk_mib_per_second;
  if (options_.uid_base > 0) {
    const auto id = static_cast<uid_t>(options_.uid_base + spec_.slot);
    plan.identity = SpawnRequest::Identity{id, id};
  }
  return plan;
}

// -- start and adoption ---------------------------------------------------------------------------

void VmMachine::start() {
  prepare(false);
}

void VmMachine::adopt() {
  prepare(true);
}

void VmMachine::prepare(bool is_adopted) {
  disk_.post([weak = weak_from_this(), spec = spec_, plan = plan(), make_vmm = make_vmm_,
              is_adopted, &reactor = reactor_] {
    auto vmm = std::make_shared<Result<std::unique_ptr<Vmm>>>(make_vmm(spec, plan));
    if (*vmm && !is_adopted)
      if (auto prepared = (**vmm)->prepare(); !prepared) *vmm = tl::unexpected(prepared.error());
    reactor.post([weak, vmm, is_adopted] {
      if (const auto self = weak.lock()) self->on_prepared(std::move(*vmm), is_adopted);
    });
  });
}

void VmMachine::on_prepared(Result<std::unique_ptr<Vmm>> vmm, bool is_adopted) {
  if (!vmm) return fail(vmm.error());
  vmm_ = std::move(*vmm);
  if (options_.networks != nullptr) return ask_for_network(is_adopted);
  // A guest that is saved is nobody's, and gets its network when it goes on.
  if (!is_adopted && !spec_.configure.is_template) take_network(vmm_->own_network());
  launch(is_adopted);
}

void VmMachine::launch(bool is_adopted) {
  if (killed_by_)
    return fail({CauseKind::killed, "The VM was stopped before it was started.", "", {}});
  if (auto found = find_cgroup(); !found) return fail(found.error());
  if (auto begun = is_adopted ? adopt_vmm() : start_vmm(); !begun) return fail(begun.error());
  console_ = std::make_unique<ConsoleWatch>(
      reactor_, console_path(directory_),
      [this](const ConsoleFindings::News& news) { on_console(news); });
  console_->read_now();
  // Unwatched it would not be bounded either. A guest that runs is not ended for that.
  if (!console_->is_watching() && !is_adopted)
    return fail({CauseKind::quota,
                 "The console of the VM " + spec_.vm + " can't be watched: inotify(7) refused.",
                 "Raise fs.inotify.max_user_instances, or end other programs that watch files.",
                 {}});
  reports_->on_started(process_ ? process_->pid() : adopted_->pid());
  tap_.reset();
  vmm_->on_started(is_adopted, [weak = weak_from_this()](const Cause& cause) {
    if (const auto self = weak.lock()) self->fail(cause);
  });
  if (const auto wanted = std::exchange(wanted_pause_, std::nullopt)) pause(*wanted);
  connect();
}

Result<void> VmMachine::find_cgroup() {
  const auto memory = static_cast<std::uint64_t>(spec_.configure.profile->resources.memory_mib +
                                                 options_.overhead_mib);
  auto cgroup = Cgroup::create(options_.cgroups, options_.cgroup_tag + "-" + spec_.vm,
                               {memory * mebibyte, threads_per_vmm});
  if (!cgroup) return tl::unexpected(cgroup.error());
  cgroup_ = std::move(*cgroup);
  return {};
}

Result<void> VmMachine::start_vmm() {
  GuestRecord record{secret_, {}, spec_.slot};
  record.driver = options_.driver;
  if (media_)
    for (const auto& entry : media_->network().media.entries())
      record.ports.push_back(entry.first_port);
  // Before the guest runs: whoever follows us could not prove itself to it otherwise.
  if (auto written = write_guest_record(directory_, record); !written) return written;
  auto request = vmm_->command(tap_ ? std::optional{tap_.get()} : std::nullopt);
  if (!request) return tl::unexpected(request.error());
  request->cgroup_procs = cgroup_->procs_paths();
  ProcessEvents events;
  const auto weak = weak_from_this();
  events.on_lines = [weak](std::vector<LogLine> lines) {
    const auto self = weak.lock();
    if (!self) return;
    for (auto& line : lines)
      self->reports_->on_says(
          link::LogLines{"vmm", line.stream == LogLine::Stream::err, {std::move(line.text)}});
  };
  events.on_exit = [weak](ExitRecord exit) {
    if (const auto self = weak.lock()) self->on_exit(std::move(exit));
  };
  events.oom_killed = [weak] {
    const auto self = weak.lock();
    return self && self->cgroup_ && self->cgroup_->oom_kills().value_or(0) > 0;
  };
  auto process = Process::start(reactor_, "vmm", *request, std::move(events));
  if (!process) {
    auto cause = cause_of(process.error());
    if (cause.kind == CauseKind::exec_not_found) cause.kind = CauseKind::vmm_missing;
    return tl::unexpected(std::move(cause));
  }
  process_ = std::move(*process);
  record.process = identity_of(process_->pid());
  return write_guest_record(directory_, record);
}

Result<void> VmMachine::adopt_vmm() {
  const auto record = read_guest_record(directory_);
  if (!record) return tl::unexpected(record.error());
  secret_ = record->secret;
  if (options_.networks == nullptr) take_network(vmm_->own_network(record->ports));
  auto adopted = AdoptedProcess::adopt(reactor_, record->process,
                                       [this](ExitRecord exit) { on_exit(std::move(exit)); });
  if (!adopted) return tl::unexpected(adopted.error());
  adopted_ = std::move(*adopted);
  return {};
}

// -- the link -------------------------------------------------------------------------------------

void VmMachine::connect() {
  vmm_->connect([weak = weak_from_this()](Result<UniqueFd> stream) {
    if (const auto self = weak.lock()) self->on_connected(std::move(stream));
  });
}

void VmMachine::on_connected(Result<UniqueFd> stream) {
  if (!stream) return on_link_lost(stream.error());
  const auto former = adopted_ ? std::nullopt : vmm_->former_secret();
  const auto own = former ? std::nullopt : std::optional{secret_};
  Json environment(options_.environment);
  environment["SESSION_ID"] = spec_.configure.session;
  if (!adopted_ && !send_frame(*stream, first_word(own, network_words(), environment)))
    return on_link_lost({CauseKind::link_lost,
                         "The first word to the guest could not be sent.",
                         "Look at the VMM's log.",
                         {}});
  GuestLink::Events events;
  events.on_linked = [this] { on_linked(); };
  events.on_message = [this](link::GuestMessage message) { on_message(std::move(message)); };
  events.on_lost = [this](Cause cause) { on_link_lost(std::move(cause)); };
  link_ = std::make_unique<GuestLink>(reactor_, std::move(*stream), former.value_or(secret_),
                                      std::move(events));
}

void VmMachine::on_linked() {
  is_linked_ = true;
  if (adopted_ && !link_->is_configured())
    return reports_->on_failed(
        {CauseKind::controller_restarted,
         "The controller ended before the guest " + spec_.vm + " had its profile.",
         "Start a new session.",
         {}});
  if (!link_->is_configured()) link_->send(spec_.configure);
  if (!adopted_ && link_->is_configured()) renew_guest();
  spec_.configure.env.clear();  // no need to keep what may be secret
  reports_->on_linked();
}

/// It was another one until it was saved.
void VmMachine::renew_guest() {
  const auto& configure = spec_.configure;
  link_->send(link::Renew{secret_, spec_.vm, configure.ice_servers, configure.orphan_after,
                          configure.file_bytes});
  if (!configure.session.empty())
    link_->send(link::Assign{configure.session, configure.url, configure.max_age});
  reports_->on_says(link::Configured{});
}

void VmMachine::on_message(link::GuestMessage message) {
  if (auto* news = std::get_if<link::ChildNews>(&message)) hide_inner_pids(*news);
  if (const auto* finished = std::get_if<link::Finished>(&message)) is_finished_ = !finished->cause;
  if (auto* says = std::get_if<link::StreamSays>(&message); says != nullptr && media_) {
    auto body = media_->pass(std::move(says->body));
    if (!body) return;
    says->body = std::move(*body);
  }
  reports_->on_says(std::move(message));
}

/// A VM's processes have no number on this host.
void VmMachine::hide_inner_pids(link::ChildNews& news) {
  news.pid = 0;
  if (news.exit) news.exit->pid.reset();
}

void VmMachine::send(const link::HostMessage& message) {
  if (link_) link_->send(message);
}

void VmMachine::pause(bool is_paused) {
  if (!process_ && !adopted_) {
    wanted_pause_ = is_paused;
    return;
  }
  vmm_->pause(is_paused, [reports = reports_, is_paused](const Result<void>& outcome) {
    reports->on_paused(is_paused, outcome ? std::nullopt : std::optional{outcome.error()});
  });
}

// -- the console ----------------------------------------------------------------------------------

void VmMachine::on_console(const ConsoleFindings::News& news) {
  for (const auto stage : news.stages)
    reports_->on_reached(stage);
  // Once linked, a fault is what the VMM's end will be told with; until then it is the news.
  if (news.fault && !is_linked_) fail(*news.fault);
}

// -- the end --------------------------------------------------------------------------------------

void VmMachine::fail(const Cause& cause) {
  if (cgroup_ && is_running()) kill("controller");
  reports_->on_failed(cause);
}

bool VmMachine::is_running() const {
  return (process_ && process_->is_running()) || (adopted_ && adopted_->is_running());
}

void VmMachine::kill(const std::string& by) {
  if (!process_ && !adopted_) killed_by_ = by;
  if (process_ && process_->is_running()) process_->kill(by);
  if (adopted_) adopted_->kill(by);
  if (cgroup_) cgroup_->kill_all();
}

/// A VMM closes its sockets before its end can be seen; then the end says more.
void VmMachine::on_link_lost(Cause cause) {
  if (cause.kind == CauseKind::link_violation) return reports_->on_link_lost(std::move(cause));
  if (console_) console_->read_now();
  reactor_.cancel(loss_timer_);
  loss_timer_ = reactor_.after(longest_ending, [weak = weak_from_this(), cause = std::move(cause)] {
    const auto self = weak.lock();
    if (!self || !self->is_running()) return;
    const auto& fault = self->console_ ? self->console_->findings().fault() : std::nullopt;
    self->reports_->on_link_lost(fault.value_or(cause));
  });
}

void VmMachine::on_exit(ExitRecord exit) {
  reactor_.cancel(loss_timer_);
  if (cgroup_) cgroup_->kill_all();
  if (console_) console_->read_now();
  explain(exit);
  reports_->on_exited(std::move(exit));
}

/// What the console or the VMM itself says is nearer to the reason than an exit status.
void VmMachine::explain(ExitRecord& exit) {
  if (exit.kind == CauseKind::killed || exit.kind == CauseKind::oom_kill) return;
  auto cause = console_ ? console_->findings().fault() : std::nullopt;
  if (!cause && is_finished_)
    cause =
        Cause{CauseKind::clean, "The guest turned itself off once its children had ended.", "", {}};
  if (!cause && vmm_) cause = vmm_->explain(exit);
  if (!cause && !is_linked_ && console_) cause = console_->findings().suspicion();
  if (!cause && exit.kind == CauseKind::clean)
    cause = Cause{CauseKind::vmm_exited,
                  "The guest turned itself off.",
                  "Read the last lines of the VM's console.",
                  {}};
  if (cause) {
    exit.kind = cause->kind;
    exit.message = cause->message;
    if (!cause->remedy.empty()) exit.remedy = cause->remedy;
  }
  if (!console_) return;
  auto tail = console_->findings().tail();
  exit.tail.insert(exit.tail.begin(), std::make_move_iterator(tail.begin()),
                   std::make_move_iterator(tail.end()));
}

void VmMachine::release(const Resource& resource) {
  if (resource.kind == "network") return release_network(options_.networks, resource, reports_);
  if (resource.kind == "directory") {
    link_.reset();
    console_.reset();
    return release_directory(disk_, resource, directory_, reports_);
  }
  std::optional<Cause> failure;
  if (resource.kind == "cgroup") {
    // An adopted guest that was gone already has not looked for its group yet.
    if (const auto found = cgroup_ ? Result<void>{} : find_cgroup(); !found)
      failure = found.error();
    else if (const auto removed = cgroup_->remove(); !removed)
      failure = removed.error();
  }
  reports_->on_released(resource, std::move(failure));
}

void VmMachine::forget() {
  reactor_.cancel(loss_timer_);
  link_.reset();
  console_.reset();
  if (process_) process_->let_go();
  process_.reset();
  adopted_.reset();
  vmm_.reset();
}

}  // namespace aerie
