#include "actors/core/recall.hpp"
#include "actors/vm/vm.hpp"

// A guest that an earlier controller started, and what the next one will need of it.

namespace aerie {
namespace {

constexpr std::size_t max_unsaid = 1024;  // words for the streamer of a guest not linked yet

}  // namespace

Vm::Vm(caf::actor_config& config, EnvironmentPtr environment, VmMemory memory, VmOwnerActor owner,
       caf::actor_addr parent)
    : Actor(config, "vm"),
      environment_(std::move(environment)),
      parent_(std::move(parent)),
      spec_(std::move(memory.spec)),
      owner_(std::move(owner)),
      document_(std::move(memory.document)),
      resources_(memory.resources.begin(), memory.resources.end()),
      stages_(std::move(memory.stages)),
      stopped_by_(std::move(memory.stopped_by)),
      // What is written down was acquired, or about to be: a process may exist.
      has_started_(memory.has_started || !resources_.empty()),
      has_exited_(memory.has_exited),
      is_adopted_(true),
      ready_(std::move(memory.ready)),
      known_exits_(std::move(memory.known_exits)) {
  go_by(document_->id);
}

/// The same path as a start from here on: the host connects to the guest, which proves itself.
void Vm::adopt() {
  make_machine();
  if (has_exited_) return publish();
  document_.edit().pid.reset();
  if (!has_started_)
    return fail({CauseKind::controller_restarted,
                 "The controller ended before the guest " + spec_.vm + " was started.",
                 "Start a new session.",
                 {}});
  if (document_->state == VmState::stopping)
    enter(VmState::stopping, stop_deadline());
  else if (document_->state != VmState::failed)
    enter(VmState::linking, environment_->link_within(document_->driver));
  machine_->adopt();
  // Halted, it could not prove who it is; whether it was may not have been written down any more.
  const auto kind = environment_->drivers.at(document_->driver)->kind();
  if (document_->is_paused || kind == MachineKind::vm) machine_->pause(false);
}

void Vm::say_to_streamer(const Json& body) {
  if (!is_adopted_ || is_linked_) {
    if (machine_) machine_->send(link::StreamSays{body});
  } else if (unsaid_.size() < max_unsaid) {
    unsaid_.push_back(body);
  }
}

void Vm::order_login(const link::LoginOrder& order) {
  if (!is_adopted_ || is_linked_) {
    if (machine_) machine_->send(order);
  } else if (unsaid_orders_.size() < max_unsaid) {
    unsaid_orders_.push_back(order);
  }
}

/// A guest tells a new controller its last exits and what stands; what the one before wrote down
/// is not news.
bool Vm::is_known(const link::ChildNews& news) {
  using enum link::ChildNewsKind;
  if (news.kind == exited)
    return !known_exits_
                .emplace(news.child, exit_key(to_rfc3339(news.exit->at), news.exit->restarts))
                .second;
  const auto child = document_->children.find(news.child);
  if (child == document_->children.end()) return false;
  if (news.kind == started) return child->second == news.pid;
  return news.kind == ready && ready_.contains(news.child);
}

void Vm::remember() {
  auto memory = recall::text(stored_vm(
      {spec_, document_, stages_, ready_, stopped_by_, has_started_, has_exited_, {}, {}}));
  auto digest = environment_->digest(memory);
  if (digest == remembered_) return;
  remembered_ = std::move(digest);
  send(environment_->directory.ledger(), Remember{spec_.vm, std::move(memory)});
}

}  // namespace aerie
