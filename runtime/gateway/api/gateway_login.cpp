#include "runtime/gateway/api/gateway.hpp"
#include "runtime/process/secret_text.hpp"

namespace aerie {
namespace {

Json shown(const CredentialMetadata& metadata) {
  Json files = Json::array();
  for (const auto& [name, bytes] : metadata.files)
    files.push_back({{"name", name}, {"bytes", bytes}});
  Json json{{"provider", metadata.provider},
            {"capturedAt", to_rfc3339(metadata.captured_at)},
            {"files", std::move(files)}};
  if (metadata.handed_over_at) json["handedOverAt"] = to_rfc3339(*metadata.handed_over_at);
  return json;
}

HttpResponse json_response(const Json& json) {
  HttpResponse response;
  response.body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

/// Why there is no credential, by where the log-in stands.
HttpResponse none_yet(const std::optional<LoginState>& state) {
  if (!state) return error_response(404, "not-found", "This session has no log-in.");
  const std::string name{to_string(*state)};
  if (!is_final(*state))
    return error_response(409, "conflict",
                          "There is no credential yet: the log-in is " + name + ".");
  return error_response(404, "not-found", "The log-in is " + name + " and left no credential.");
}

HttpResponse gone() {
  return error_response(410, "gone", "The credential was handed over before; sign in again.");
}

HttpResponse response_to(const TakenCredential& taken, const std::optional<LoginState>& state) {
  if (taken.failure)
    return error_response(503, "store-failed",
                          taken.failure->message + " " + taken.failure->remedy);
  if (!taken.metadata) return none_yet(state);
  if (!taken.body) return gone();
  HttpResponse response;
  response.headers = {{"Cache-Control", "no-store"}};
  response.body = taken.body->view();
  response.is_secret = true;
  return response;
}

std::optional<LoginState> state_of(const SessionDocument& document) {
  return document.login ? std::optional{document.login->state} : std::nullopt;
}

}  // namespace

// -- the credential -------------------------------------------------------------------------------

void Gateway::fetch_credential(const CallPtr& call) {
  with_document(call, [=, this](const SessionDocument& document) {
    const auto state = state_of(document);
    if (!environment_->vault || (state && !is_final(*state)))
      return send_response(call, none_yet(state));
    // A HEAD must not be what takes it away.
    if (call->who.kind == Principal::Kind::session && call->request->method != "HEAD")
      return take_credential(call, document);
    describe_credential(call, document);
  });
}

void Gateway::take_credential(const CallPtr& call, const SessionDocument& document) {
  request(environment_->directory.node(), caf::infinite, FindSessionActor{document.id})
      .then(
          [=, this, session = document.id,
           state = state_of(document)](const SessionActorFound& found) {
            call->is_answered = true;
            ++answered_[200];
            // Answered on the vault's thread: this actor may be gone by then.
            environment_->vault->take(session, environment_->wall(),
                                      [server = world_.server, id = call->request->id, state,
                                       actor = found.actor](const TakenCredential& taken) {
                                        server->respond(id, response_to(taken, state));
                                        if (taken.body && actor)
                                          post(actor, CredentialHandedOver{});
                                      });
          },
          unanswered(call));
}

void Gateway::describe_credential(const CallPtr& call, const SessionDocument& document) {
  call->is_answered = true;
  ++answered_[200];
  const bool is_owner = call->who.kind == Principal::Kind::session;
  environment_->vault->describe(
      document.id, [server = world_.server, id = call->request->id, is_owner,
                    state = state_of(document)](const std::optional<CredentialMetadata>& known) {
        if (!known) return server->respond(id, none_yet(state));
        if (is_owner && known->handed_over_at) return server->respond(id, gone());
        server->respond(id, json_response(shown(*known)));
      });
}

// -- the log-in -----------------------------------------------------------------------------------

void Gateway::cancel_login(const CallPtr& call) {
  with_session_actor(call, [=, this](const SessionActor& session) {
    request(session, caf::infinite, CancelLogin{call->who.name()})
        .then([=, this](const LoginAnswer& answer) { show_login(call, answer); }, unanswered(call));
  });
}

void Gateway::retry_login(const CallPtr& call) {
  with_session_actor(call, [=, this](const SessionActor& session) {
    request(session, caf::infinite, RetryLogin{call->who.name()})
        .then([=, this](const LoginAnswer& answer) { show_login(call, answer); }, unanswered(call));
  });
}

void Gateway::show_login(const CallPtr& call, const LoginAnswer& made) {
  if (!made.login) return refuse(call, 404, "not-found", "This session has no log-in.");
  if (made.refusal) return refuse(call, 409, "conflict", *made.refusal);
  answer(call, 200, *made.login);
}

}  // namespace aerie
