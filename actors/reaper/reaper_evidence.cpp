#include "actors/reaper/reaper.hpp"

// What no actor owns, and what has to go when the disk is full.

namespace aerie {
// -- orphans --------------------------------------------------------------------------------------

void Reaper::quarantine(const Orphan& orphan) {
  if (quarantined_.contains(orphan.vm)) return;
  const auto grace = orphan.grace.value_or(environment_->settings.quarantine);
  for (const auto& resource : orphan.resources)
    send(environment_->directory.ledger(), RecordEvent{{0,
                                                        environment_->wall(),
                                                        "resource.quarantined",
                                                        orphan.session,
                                                        orphan.vm,
                                                        "",
                                                        {{"kind", resource.kind},
                                                         {"name", resource.name},
                                                         {"cause", orphan.cause},
                                                         {"graceMs", grace.count()}}}});
  quarantined_[orphan.vm] = {orphan, "", ""};
  wait({Wait::for_claim, orphan.vm}, grace);
}

/// Nobody has claimed it. Whether it may go is still not the reaper's to say.
void Reaper::on_unclaimed(const std::string& vm) {
  auto& quarantined = quarantined_.at(vm);
  if (quarantined.proposal.empty()) {
    quarantined.proposal = environment_->new_id();
    record("retire.proposed",
           {quarantined.proposal, quarantined.orphan.session, RetireReason::orphan, "reaper",
            Duration{0}, false},
           {{"reason", "orphan"},
            {"by", "reaper"},
            {"subject", vm},
            {"deadlineMs", 0},
            {"forced", false}});
  }
  request(environment_->directory.node(), caf::infinite,
          SalvageOrphan{quarantined.orphan, quarantined.proposal})
      .then([this, vm](const OrphanAnswer& answer) { on_orphan_answer(vm, answer); },
            [this, vm](const caf::error&) {
              wait({Wait::for_claim, vm}, environment_->settings.quarantine);
            });
}

void Reaper::on_orphan_answer(const std::string& vm, const OrphanAnswer& answer) {
  const auto found = quarantined_.find(vm);
  if (found == quarantined_.end()) return;
  auto& quarantined = found->second;
  const Proposal proposal{quarantined.proposal, quarantined.orphan.session,
                          RetireReason::orphan, "reaper",
                          Duration{0},          false};
  const char* word = answer.answer == RetireAnswer::grant  ? "grant"
                     : answer.answer == RetireAnswer::keep ? "keep"
                                                           : "hold";
  if (std::exchange(quarantined.told, answer.why) != answer.why)
    record("retire.answered", proposal,
           {{"answer", word}, {"who", "node"}, {"why", answer.why}, {"subject", vm}});
  if (answer.answer == RetireAnswer::hold)
    return wait({Wait::for_claim, vm}, environment_->settings.quarantine);
  if (answer.answer == RetireAnswer::grant)
    record("retire.granted", proposal, {{"reason", "orphan"}, {"subject", vm}});
  quarantined_.erase(found);
}

// -- space on the disk ----------------------------------------------------------------------------

/// One thing at a time: how much it gave shows in the next figures.
void Reaper::on_disk(const DiskSpace& disk) {
  const auto wanted = environment_->settings.kept_free(disk.total_bytes);
  const bool is_short = disk.free_bytes < wanted;
  if (is_short && !is_disk_short_) {
    const Cause cause{CauseKind::disk_full,
                      "The state directory's file system has " +
                          std::to_string(disk.free_bytes / 1048576) + " MiB left; " +
                          std::to_string(wanted / 1048576) + " are kept free.",
                      "Free space there; until then the oldest evidence is given up.",
                      {}};
    send(environment_->directory.ledger(), RecordEvent{{0,
                                                        environment_->wall(),
                                                        "doctor.failed",
                                                        "",
                                                        "",
                                                        "",
                                                        {{"check", "disk"}, {"cause", cause}}}});
  }
  is_disk_short_ = is_short;
  if (!is_short) return;
  if (evidence_.empty()) {
    // The ledger tells by events what it lets go; where nothing may, nothing does.
    request(environment_->directory.ledger(), caf::infinite, DropOldestTombstone{})
        .then([](const TombstoneDropped&) {}, [](const caf::error&) {});
    return;
  }
  const auto oldest = evidence_.begin()->second;
  evidence_.erase(evidence_.begin());
  propose({oldest, expected_.at(oldest).actor, RetireReason::disk_pressure, "reaper", false});
}

}  // namespace aerie
