#include "actors/vm/vm.hpp"

// An operator halts the guest's processors, and lets them go on.

namespace aerie {

caf::result<VmPaused> Vm::pause(const PauseVm& wish) {
  if (document_->state != VmState::ready)
    return VmPaused{Cause{CauseKind::vmm_failed,
                          "The guest " + spec_.vm + " is " +
                              std::string{to_string(document_->state)} + ", not ready.",
                          "Halt a guest that is ready.",
                          {}}};
  if (pausing_)
    return VmPaused{Cause{CauseKind::vmm_failed,
                          "Another such wish of " + pausing_->by + " is not done yet.",
                          "Wait for its end.",
                          {}}};
  if (wish.is_paused == document_->is_paused) return VmPaused{};
  pausing_ = Pausing{wish.by, make_response_promise<VmPaused>()};
  machine_->pause(wish.is_paused);
  return pausing_->promise;
}

void Vm::on_paused(const MachinePaused& paused) {
  const auto by = pausing_ ? pausing_->by : std::string{"controller"};
  if (!paused.failure && !has_exited_ && document_->is_paused != paused.is_paused) {
    document_.edit().is_paused = paused.is_paused;
    record("vm.state", "",
           {{"state", to_string(document_->state)}, {"paused", paused.is_paused}, {"by", by}});
    tell_owner(document_->cause);
    publish();
  }
  answer_pause(paused.failure);
}

void Vm::answer_pause(const std::optional<Cause>& failure) {
  if (!pausing_) return;
  pausing_->promise.deliver(VmPaused{failure});
  pausing_.reset();
}

}  // namespace aerie
