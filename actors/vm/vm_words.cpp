#include <algorithm>

#include "actors/vm/vm.hpp"

// What the guest says and its link shows, and who hears of it.

namespace aerie {
namespace {

constexpr Duration link_loss_grace{50};  // for the exit that is its likely reason

}  // namespace

void Vm::on_says(link::GuestMessage& message) {
  if (auto* news = std::get_if<link::ChildNews>(&message)) {
    // Who started under the controller before is known by its number of then.
    const auto child = document_->children.find(news->child);
    if (news->exit && !news->exit->pid && child != document_->children.end() && child->second > 0)
      news->exit->pid = child->second;
    on_child(*news);
  } else if (auto* lines = std::get_if<link::LogLines>(&message)) {
    environment_->logs->append(spec_.vm, *lines, environment_->wall());
  } else if (auto* says = std::get_if<link::StreamSays>(&message)) {
    if (owner_) send(owner_, VmStreamSays{spec_.vm, std::move(says->body)});
  } else if (auto* login = std::get_if<link::LoginNews>(&message)) {
    if (owner_) send(owner_, VmLoginSays{spec_.vm, std::move(*login)});
  } else if (auto* part = std::get_if<link::CredentialPart>(&message)) {
    if (owner_) send(owner_, VmLoginSays{spec_.vm, std::move(*part)});
  } else if (std::holds_alternative<link::Configured>(message)) {
    reach(Stage::configured);
  } else if (std::holds_alternative<link::AllReady>(message)) {
    reach(Stage::ready);
  } else if (auto* finished = std::get_if<link::Finished>(&message)) {
    if (finished->cause) finish_cause_ = std::move(finished->cause);
  }
}

void Vm::on_child(const link::ChildNews& news) {
  using enum link::ChildNewsKind;
  if (is_adopted_ && is_known(news)) {
    note_child(news);
    return show_face();
  }
  // First those who act on it, then those who remember it: this is the path of a crash.
  if (owner_) send<caf::message_priority::high>(owner_, VmChildNews{spec_.vm, news});
  const auto& children = spec_.configure.profile->children;
  const auto spec = std::find_if(children.begin(), children.end(),
                                 [&](const ChildSpec& each) { return each.name == news.child; });
  if (spec == children.end())
    return fail({CauseKind::link_violation,
                 "The guest spoke of a child '" + news.child + "' that its profile does not have.",
                 "Retire the session; its guest is hostile or of another version.",
                 {}});
  note_child(news);
  Json data{{"restarts", news.restarts}};
  if (news.pid > 0) data["pid"] = news.pid;
  if (!news.detail.empty()) data["detail"] = news.detail;
  if (news.cause) data["cause"] = *news.cause;
  switch (news.kind) {
    case started:
      document_.edit().children[news.child] = news.pid;
      record("child.started", news.child, std::move(data));
      break;
    case ready:
      ready_.insert(news.child);
      record("child.ready", news.child, std::move(data));
      if (spec->builtin == Builtin::display) reach(Stage::display);
      if (spec->builtin == Builtin::stream) reach(Stage::stream);
      break;
    case exited:
      document_.edit().children.erase(news.child);
      ready_.erase(news.child);
      record("child.exited", news.child, *news.exit);
      break;
    case restarting:
      data["retryInMs"] = news.retry_in.value_or(Duration{0}).count();
      record("child.restarting", news.child, std::move(data));
      break;
    case given_up:
      record("child.given-up", news.child, std::move(data));
      break;
  }
  publish();
}

void Vm::on_link_lost(const Cause& cause) {
  if (has_exited_ || document_->state == VmState::stopping || document_->state == VmState::failed)
    return;
  if (!finish_cause_) finish_cause_ = cause;
  is_link_lost_ = true;
  if (cause.kind == CauseKind::link_violation) return fail(*finish_cause_);
  // A guest that died takes its link along; its exit says more than the link's loss.
  send_later(link_loss_grace, VmTimer{++ticket_});
}

void Vm::on_network(const std::optional<Cause>& failure) {
  // Of a guest that ends it may well be gone, and one that is halted answers nobody.
  if (has_exited_ || document_->is_paused || document_->state == VmState::stopping ||
      document_->state == VmState::failed)
    return;
  tell_owner(failure);
  Json data{{"check", "network"}};
  if (failure) data["cause"] = *failure;
  record(failure ? "doctor.failed" : "doctor.recovered", "", std::move(data));
}

void Vm::assign(const AssignVm& assignment) {
  document_.edit().session = assignment.session;
  owner_ = assignment.owner;
  for (auto& resource : resources_)
    resource.edit().session = assignment.session;
  environment_->logs->assign(spec_.vm, assignment.session);
  if (machine_)
    machine_->send(link::Assign{assignment.session, assignment.url, assignment.max_age});
  tell_owner_where_it_stands();
  // It may have ended while it was handed over; the former owner was told then.
  if (has_exited_) send(owner_, VmFinished{spec_.vm, document_->cause});
  publish();
}

void Vm::tell_owner(const std::optional<Cause>& cause) {
  if (owner_)
    send(owner_,
         VmChanged{spec_.vm, document_->state, document_->pid, cause, document_->is_paused});
}

void Vm::tell_owner_where_it_stands() {
  tell_owner(document_->cause);
  for (const auto& child : spec_.configure.profile->children)
    if ((child.builtin == Builtin::stream || child.builtin == Builtin::login) &&
        document_->children.contains(child.name)) {
      link::ChildNews news;
      news.child = child.name;
      news.pid = document_->children.at(child.name);
      news.kind = link::ChildNewsKind::started;
      send(owner_, VmChildNews{spec_.vm, news});
      news.kind = link::ChildNewsKind::ready;
      if (ready_.contains(child.name)) send(owner_, VmChildNews{spec_.vm, news});
    }
  for (const auto stage : stages_)
    send(owner_, VmStageReached{spec_.vm, stage});
}

}  // namespace aerie
