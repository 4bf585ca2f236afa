#include "runtime/drivers/process/oom_witness.hpp"

#include <csignal>

#include "runtime/process/exit_verdict.hpp"

namespace aerie {
namespace {

void replace(std::string& text, const std::string& from, const std::string& to) {
  const auto found = text.find(from);
  if (found != std::string::npos) text.replace(found, from.size(), to);
}

}  // namespace

void OomWitness::correct(link::GuestMessage& message, std::uint64_t kills) {
  if (auto* finished = std::get_if<link::Finished>(&message); finished && finished->cause)
    quote(*finished->cause);
  auto* news = std::get_if<link::ChildNews>(&message);
  if (news == nullptr) return;
  if (news->kind == link::ChildNewsKind::exited) return judge(*news->exit, kills);
  const auto found = corrections_.find(news->child);
  if (found == corrections_.end()) return;
  const auto& [said, exit] = found->second;
  replace(news->detail, said, exit.message);
  if (news->exit && news->exit->message == said) *news->exit = exit;
  if (news->cause) quote(*news->cause);
}

void OomWitness::judge(ExitRecord& exit, std::uint64_t kills) {
  corrections_.erase(exit.child);
  const bool is_killed = exit.kind == CauseKind::signal && exit.signal == "SIGKILL";
  if (!is_killed || kills <= seen_) return;
  seen_ = kills;
  const auto verdict =
      classify_exit({WaitStatus::How::signaled, SIGKILL}, {exit.child, {}, true, exit.tail});
  auto said = exit.message;
  exit.kind = verdict.kind;
  exit.message = verdict.message;
  exit.remedy = verdict.remedy;
  corrections_[exit.child] = {std::move(said), exit};
}

/// A cause is the exit's own, or tells of it, as a crash loop does.
void OomWitness::quote(Cause& cause) const {
  for (const auto& [child, correction] : corrections_) {
    const auto& [said, exit] = correction;
    if (cause.kind == CauseKind::signal && cause.message == said)
      cause.kind = exit.kind, cause.remedy = exit.remedy.value_or("");
    replace(cause.message, said, exit.message);
    for (auto& line : cause.evidence)
      replace(line, std::string{to_string(CauseKind::signal)} + ": " + said,
              std::string{to_string(exit.kind)} + ": " + exit.message);
  }
}

}  // namespace aerie
