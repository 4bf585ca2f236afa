#include <spdlog/spdlog.h>

#include "runtime/gateway/api/gateway.hpp"

namespace aerie {

namespace {

/// The status and code outside for why a session was not made.
struct Refused {
  int status;
  const char* code;
};

Refused refused_as(CauseKind kind) {
  switch (kind) {
    case CauseKind::quota:
      return {429, "quota"};
    case CauseKind::requested:
      return {503, "draining"};
    case CauseKind::store_failed:
      return {503, "store-failed"};
    case CauseKind::disk_full:
      return {503, "disk-full"};
    default:
      return {503, "unavailable"};
  }
}

Json shown(const Proposal& proposal) {
  return {{"proposal", proposal.id},
          {"subject", {{"kind", "session"}, {"id", proposal.session}}},
          {"reason", to_string(proposal.reason)},
          {"deadlineMs", proposal.deadline.count()},
          {"forced", proposal.forced}};
}

}  // namespace

// -- creation -------------------------------------------------------------------------------------

void Gateway::create_session(const CallPtr& call) {
  auto wish = make_session_request(call->body, world_.defaults);
  if (!wish) {
    const auto& fault = wish.error();
    return refuse(call, 422, fault.code, fault.field + " " + fault.message + ".", fault.field);
  }
  const std::string key(find_pair(call->request->headers, "idempotency-key").value_or(""));
  if (key.empty()) return make_session(call, *std::move(wish), key);
  if (!IdempotencyKeys::is_key(key)) {
    return refuse(call, 422, "bad-field", "Idempotency-Key must have 1 to 255 visible characters.",
                  "Idempotency-Key");
  }
  const auto body = call->request->path + "\n" + call->request->body;
  const auto outcome = keys_.begin(key, environment_->digest(body), environment_->wall());
  switch (outcome.verdict) {
    case IdempotencyKeys::Verdict::fresh:
      return make_session(call, *std::move(wish), key);
    case IdempotencyKeys::Verdict::underway:
      waiting_for_key_[key].push_back(call);
      return;
    case IdempotencyKeys::Verdict::known:
      return show_created_before(call, outcome.session, outcome.token);
    case IdempotencyKeys::Verdict::conflict:
      return refuse(call, 409, "conflict", "This Idempotency-Key came with another body before.",
                    "Idempotency-Key");
  }
}

void Gateway::make_session(const CallPtr& call, SessionRequest wish, const std::string& key) {
  const auto token = environment_->new_token();
  request(environment_->directory.node(), caf::infinite,
          CreateSession{std::move(wish), environment_->digest(token)})
      .then([=, this](const SessionCreated& created) { on_created(call, created, token, key); },
            [=, this](const caf::error&) {
              const Cause gone{CauseKind::controller_restarted,
                               "The node is being restarted.",
                               "Ask again in a second.",
                               {}};
              on_created(call, {nullptr, gone}, token, key);
            });
}

void Gateway::on_created(const CallPtr& call, const SessionCreated& created,
                         const std::string& token, const std::string& key) {
  auto waiting = std::move(waiting_for_key_[key]);
  waiting_for_key_.erase(key);
  if (!created.document) {
    keys_.abandon(key);
    const auto cause = created.refusal.value_or(Cause{});
    spdlog::warn("session.refused cause={} {} {}", to_string(cause.kind), cause.message,
                 cause.remedy);
    const auto [status, code] = refused_as(cause.kind);
    waiting.push_back(call);
    for (const auto& each : waiting) {
      refuse(each, status, code, cause.message + " " + cause.remedy);
    }
    return;
  }
  if (!key.empty()) keys_.finish(key, created.document->id, token, environment_->wall());
  waiting.push_back(call);
  for (const auto& each : waiting)
    show_created(each, *created.document, token);
}

void Gateway::show_created(const CallPtr& call, const SessionDocument& document,
                           const std::string& token) {
  const auto signaling = base_url(call, true) + "/ws/signal";
  const auto viewer = base_url(call, false) + "/view/" + document.id;
  if (call->match.route->operation == Operation::start_auth) {
    Json json{{"success", true},
              {"sessionId", document.id},
              {"browserIP", document.vm_address},
              {"state", to_string(document.state)},
              {"signaling", signaling},
              {"viewer", viewer}};
    if (!token.empty()) json["token"] = token;
    return answer(call, 200, json);
  }
  Json json = document;
  json["signaling"] = signaling;
  json["viewer"] = viewer;
  if (!token.empty()) json["token"] = token;
  answer(call, 201, json, {{"Location", "/api/v1/sessions/" + document.id}});
}

void Gateway::show_created_before(const CallPtr& call, const std::string& id,
                                  const std::string& token) {
  request(environment_->directory.ledger(), caf::infinite, FindSession{id})
      .then(
          [=, this](const SessionFound& found) {
            if (!found.document) return refuse_unknown(call);
            show_created(call, *found.document, token);
          },
          unanswered(call));
}

std::string Gateway::base_url(const CallPtr& call, bool is_socket) const {
  const auto& url = world_.public_url;
  if (!url.empty()) return is_socket ? "ws" + url.substr(4) : url;
  // The Host was judged before: it is an address of ours.
  const std::string host(find_pair(call->request->headers, "host")
                             .value_or(std::string_view(world_.server->bound_address())));
  const std::string scheme = is_socket ? "ws" : "http";
  return scheme + (world_.has_tls ? "s" : "") + "://" + host;
}

// -- what happens to a session --------------------------------------------------------------------

void Gateway::with_session_actor(const CallPtr& call,
                                 std::function<void(const SessionActor&)> act) {
  with_document(call, [=, this](const SessionDocument& document) {
    const auto state = std::string(to_string(document.state));
    request(environment_->directory.node(), caf::infinite, FindSessionActor{document.id})
        .then(
            [=, this](const SessionActorFound& found) {
              if (found.actor) return act(found.actor);
              refuse(call, 409, "conflict", "The session is over: it is " + state + ".");
            },
            unanswered(call));
  });
}

void Gateway::retire_session(const CallPtr& call) {
  const auto force = call->query("force");
  const bool forced = force == "true" || force == "1";
  if (forced && !call->who.is_operator()) {
    return refuse(call, 403, "forbidden", "Only an operator may force it.", "force");
  }
  with_session_actor(call, [=, this](const SessionActor& session) {
    request(environment_->directory.reaper(), caf::infinite,
            ProposeRetirement{call->parameter("id"), session, RetireReason::requested,
                              call->who.name(), forced})
        .then([=, this](const ProposalMade& made) { answer(call, 202, shown(made.proposal)); },
              unanswered(call));
  });
}

void Gateway::set_hold(const CallPtr& call) {
  const auto& name = call->parameter("name");
  if (const auto checked =
          check_body({{"name", name}}, {{"name", FieldType::name, "", true, 0, 0, {}, {}}});
      !checked) {
    return refuse(call, 422, "bad-field", "name " + checked.error().message + ".", "name");
  }
  const Hold hold{name, call->body.value("reason", "")};
  change_hold(call, SetHold{hold}, HoldEnded{call->parameter("id"), hold});
}

void Gateway::clear_hold(const CallPtr& call) {
  const auto& name = call->parameter("name");
  change_hold(call, ClearHold{name}, UnholdEnded{call->parameter("id"), name});
}

template <class OfLiving, class OfEnded>
void Gateway::change_hold(const CallPtr& call, OfLiving living, OfEnded ended) {
  with_document(call, [=, this](const SessionDocument& document) {
    request(environment_->directory.node(), caf::infinite, FindSessionActor{document.id})
        .then(
            [=, this](const SessionActorFound& found) {
              const auto shown = [=, this](const HoldAnswer& made) { show_hold(call, made); };
              if (found.actor)
                request(found.actor, caf::infinite, living).then(shown, unanswered(call));
              else
                request(environment_->directory.ledger(), caf::infinite, ended)
                    .then(shown, unanswered(call));
            },
            unanswered(call));
  });
}

void Gateway::show_hold(const CallPtr& call, const HoldAnswer& made) {
  if (made.failure && !made.hold) return refuse(call, 409, "conflict", made.failure->message);
  if (made.failure) {
    const auto [status, code] = refused_as(made.failure->kind);
    return refuse(call, status, code, made.failure->message + " " + made.failure->remedy);
  }
  if (!made.hold) return refuse(call, 404, "not-found", "There is no such hold.");
  answer(call, 200, Json(*made.hold));
}

void Gateway::issue_token(const CallPtr& call) {
  with_session_actor(call, [=, this](const SessionActor&) {
    const auto token = environment_->new_token();
    const Duration lifetime{call->body.at("ttlMs").get<std::int64_t>()};
    const auto until = environment_->wall() + lifetime;
    send(environment_->directory.ledger(),
         SaveToken{environment_->digest(token), call->parameter("id"), TokenUse::watch, until});
    answer(call, 201, {{"token", token}, {"until", to_rfc3339(until)}});
  });
}

}  // namespace aerie
