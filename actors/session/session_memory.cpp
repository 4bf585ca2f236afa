#include <algorithm>

#include "actors/core/recall.hpp"
#include "actors/session/session.hpp"

namespace aerie {
namespace {

Json to_memory(const std::optional<Proposal>& proposal) {
  if (!proposal) return nullptr;
  return {{"id", proposal->id},
          {"reason", to_string(proposal->reason)},
          {"by", proposal->by},
          {"deadlineMs", proposal->deadline.count()},
          {"forced", proposal->forced}};
}

std::optional<Proposal> recalled_proposal(const Json& json, const std::string& session) {
  if (json.is_null()) return std::nullopt;
  return Proposal{json.at("id").get<std::string>(),
                  session,
                  aerie::recall::named(json.at("reason"), RetireReason::shutdown),
                  json.at("by").get<std::string>(),
                  aerie::recall::duration(json.at("deadlineMs")),
                  json.at("forced").get<bool>()};
}

Json to_memory(const std::optional<Cause>& cause) {
  return cause ? Json(*cause) : Json(nullptr);
}

Json to_memory(const std::optional<Instant>& at) {
  return at ? Json(to_rfc3339(*at)) : Json(nullptr);
}

std::optional<Instant> recalled_instant(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return aerie::recall::instant(json);
}

/// The messages of one viewer, in their order.
std::vector<Json> messages_of(const std::string& viewer, const SessionMemories& memories) {
  const auto prefix = "viewer/" + viewer + "/";
  std::map<std::uint64_t, Json> ordered;
  for (auto each = memories.lower_bound(prefix);
       each != memories.end() && each->first.starts_with(prefix); ++each)
    ordered[each->second.at("seq").get<std::uint64_t>()] = each->second;
  std::vector<Json> messages;
  for (auto& [seq, message] : ordered)
    messages.push_back(std::move(message));
  return messages;
}

/// 0: it has no peer.
std::uint64_t epoch_of_player(const std::string& viewer, const SessionMemories& memories) {
  const auto stream = memories.find("stream");
  if (stream == memories.end()) return 0;
  for (const auto& peer : stream->second.at("peers"))
    if (peer.at("viewer") == viewer && peer.value("player", false))
      return peer.at("epoch").get<std::uint64_t>();
  return 0;
}

}  // namespace

void Session::remember() {
  Json viewers = Json::object();
  for (const auto& [id, viewer] : viewers_)
    viewers[id] = {{"role", to_string(viewer.info.role)}, {"since", to_rfc3339(viewer.info.since)},
                   {"resume", viewer.resume_digest},      {"operator", viewer.is_operator},
                   {"audio", viewer.wants_audio},         {"hadControl", viewer.had_control},
                   {"goneAt", to_memory(viewer.gone_at)}, {"resource", viewer.resource}};
  Json memory{{"kind", "session"},
              {"viewers", std::move(viewers)},
              {"controller", controller_},
              {"requests", control_requests_},
              {"refused", login_work_ ? to_memory(login_work_->refused) : Json(nullptr)},
              {"proposal", nullptr},
              {"kept", nullptr},
              {"held", to_memory(held_)},
              {"granted", to_memory(granted_)},
              {"streamCause", to_memory(stream_cause_)},
              {"troubles", troubles_},
              {"replacedFor", to_memory(replaced_for_)},
              {"formerVms", former_vms_},
              {"unwatchedSince", to_memory(unwatched_since_)},
              {"keptUntil", to_memory(kept_until_)},
              {"display", {display_.width, display_.height}}};
  if (proposal_) {
    memory["proposal"] = to_memory(proposal_->proposal);
    memory["proposal"]["undecided"] = proposal_->undecided;
    memory["proposal"]["until"] = to_rfc3339(proposal_->until);
  }
  if (kept_) {
    memory["kept"] = to_memory(kept_->proposal);
    memory["kept"]["until"] = to_rfc3339(kept_->until);
  }
  auto text = aerie::recall::text(memory);
  auto digest = environment_->digest(text);
  if (digest == remembered_) return;
  remembered_ = std::move(digest);
  send(environment_->directory.ledger(), Remember{document_->id, std::move(text)});
}

/// A row a message, so that one more costs no more than itself.
void Session::remember_message(const std::string& viewer, const Json& message,
                               std::uint64_t first_before, std::uint64_t first_after) {
  const auto subject = document_->id + "/viewer/" + viewer + "/";
  const auto ledger = environment_->directory.ledger();
  const auto seq = message.at("seq").get<std::uint64_t>();
  // Whoever can resume has read its welcome: of the token in it only the digest is written down.
  Json written = message;
  written.erase("resume");
  send(ledger, Remember{subject + std::to_string(seq), aerie::recall::text(written)});
  for (auto gone = first_before; gone < first_after; ++gone)
    send(ledger, Remember{subject + std::to_string(gone), {}});
}

/// Of one viewer, or of all.
void Session::forget_messages(const std::string& viewer) {
  send(environment_->directory.ledger(),
       Remember{document_->id + "/viewer" + (viewer.empty() ? "" : "/" + viewer), {}});
}

// -- under the next controller --------------------------------------------------------------------

void Session::recall(const SessionMemories& memories) {
  is_recalled_ = true;
  for (const auto& vm : memories.at("vms"))
    if (vm != document_->vm_id) former_vms_.insert(vm.get<std::string>());
  const auto remembered = memories.find("");
  if (remembered == memories.end()) return;  // its controller died before its first word
  const auto& memory = remembered->second;
  memory.at("controller").get_to(controller_);
  memory.at("requests").get_to(control_requests_);
  if (login_work_ && memory.contains("refused"))
    login_work_->refused = recalled_proposal(memory["refused"], document_->id);
  held_ = recalled_proposal(memory.at("held"), document_->id);
  granted_ = recalled_proposal(memory.at("granted"), document_->id);
  if (const auto& open = memory.at("proposal"); !open.is_null())
    proposal_ = OpenProposal{*recalled_proposal(open, document_->id),
                             open.at("undecided").get<std::set<std::string>>(), 0,
                             aerie::recall::instant(open.at("until"))};
  if (const auto& kept = memory.at("kept"); !kept.is_null())
    kept_ = KeptProposal{*recalled_proposal(kept, document_->id),
                         aerie::recall::instant(kept.at("until"))};
  stream_cause_ = aerie::recall::cause(memory.at("streamCause"));
  memory.at("troubles").get_to(troubles_);
  replaced_for_ = aerie::recall::cause(memory.at("replacedFor"));
  former_vms_.merge(memory.at("formerVms").get<std::set<std::string>>());
  unwatched_since_ = recalled_instant(memory.at("unwatchedSince"));
  kept_until_ = recalled_instant(memory.at("keptUntil"));
  // Earlier controllers did not write it down: then it is as the session began.
  if (const auto size = memory.find("display"); size != memory.end()) {
    size->at(0).get_to(display_.width);
    size->at(1).get_to(display_.height);
  }
  recall_viewers(memory.at("viewers"), memories);
  if (const auto stream = memories.find("stream"); stream != memories.end())
    for (const auto& peer : stream->second.at("peers"))
      living_epochs_.insert(peer.at("epoch").get<std::uint64_t>());
  remembered_ = environment_->digest(aerie::recall::text(memory));
}

void Session::recall_viewers(const Json& viewers, const SessionMemories& memories) {
  for (const auto& [id, each] : viewers.items()) {
    Viewer viewer;
    viewer.info = {id, aerie::recall::named(each.at("role"), ViewerRole::viewer), controller_ == id,
                   aerie::recall::instant(each.at("since"))};
    each.at("resume").get_to(viewer.resume_digest);
    each.at("operator").get_to(viewer.is_operator);
    each.at("audio").get_to(viewer.wants_audio);
    each.at("hadControl").get_to(viewer.had_control);
    if (!each.at("goneAt").is_null()) viewer.gone_at = aerie::recall::instant(each["goneAt"]);
    viewer.resource = each.value("resource", "");
    viewer.info.is_player = !viewer.resource.empty();
    viewer.recalled_epoch = epoch_of_player(id, memories);
    // Without its peer there is nothing left of a player.
    if (viewer.info.is_player && viewer.recalled_epoch == 0) continue;
    viewer.log.restore(messages_of(id, memories));
    viewers_[id] = std::move(viewer);
  }
}

/// Every deadline goes on with the time that is left of it.
void Session::go_on() {
  const auto now = environment_->wall();
  const auto left = [&](Instant until) { return std::max(until - now, Duration{0}); };
  const auto& settings = environment_->settings;
  if (document_->state == SessionState::starting)
    start_ticket_ =
        set_timer(left(document_->created_at + environment_->start_within(document_->driver)));
  if (document_->state == SessionState::retiring) retire_ticket_ = set_timer(retire_within_);
  const auto stream = document_->stream.state;
  if (stream == StreamState::starting || stream == StreamState::restarting)
    stream_ticket_ = set_timer(stream_within_);
  if (proposal_) proposal_->ticket = set_timer(left(proposal_->until));
  for (auto& [id, viewer] : viewers_) {
    if (viewer.info.is_player) {
      go_on_with_player(viewer);
      continue;
    }
    // Whose socket went with the controller has its time from now on.
    if (!viewer.gone_at) unwatched_since_ = viewer.gone_at = now;
    viewer.expiry_ticket = set_timer(left(*viewer.gone_at + settings.resume));
  }
  go_on_with_login();
  publish();
  dismantle_former_vms();
  end_when_dismantled();
}

/// A reaper that has begun anew hears of every proposal that is not over.
void Session::propose_again() {
  const auto again = [this](const Proposal& proposal, Duration deadline,
                            std::optional<Instant> kept_until) {
    post(environment_->directory.reaper(),
         ProposeRetirement{document_->id, self(), proposal.reason, proposal.by, proposal.forced,
                           ProposeRetirement::Earlier{proposal.id, deadline, kept_until}});
  };
  if (granted_) return again(*granted_, Duration{0}, std::nullopt);
  if (held_) return again(*held_, held_->deadline, std::nullopt);
  if (login_work_ && login_work_->refused) {
    const auto refused = *login_work_->refused;
    return again(refused, refused.deadline, std::nullopt);
  }
  if (kept_) return again(kept_->proposal, kept_->proposal.deadline, kept_->until);
  if (!proposal_) return;
  const auto left = std::max(proposal_->until - environment_->wall(), Duration{0});
  again(proposal_->proposal, left, std::nullopt);
}

}  // namespace aerie
