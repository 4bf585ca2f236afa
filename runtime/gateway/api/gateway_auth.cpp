#include "runtime/gateway/api/gateway.hpp"

// What clients of the older system ask of a log-in: its paths and shapes over the same states.

namespace aerie {
namespace {

/// The log-in's state, else the session's.
std::string status_of(const SessionDocument& document) {
  return std::string{document.login ? to_string(document.login->state) : to_string(document.state)};
}

Json shown(const SessionDocument& document) {
  Json json{{"sessionId", document.id},
            {"userId", document.user_id},
            {"provider", document.provider},
            {"status", status_of(document)},
            {"state", to_string(document.state)},
            {"browserIP", document.vm_address},
            {"createdAt", to_rfc3339(document.created_at)}};
  if (document.login) json["login"] = *document.login;
  if (document.login && document.login->cause) json["error"] = document.login->cause->message;
  return json;
}

/// `pending`, `ready` (it waits to be fetched), `delivered`, or `error`.
std::string credential_status(const SessionDocument& document) {
  const auto& login = document.login;
  if (!login || !is_final(login->state)) return "pending";
  if (login->state != LoginState::completed) return "error";
  return login->handed_over_at ? "delivered" : "ready";
}

}  // namespace

void Gateway::show_auth(const CallPtr& call) {
  with_document(call, [=, this](const SessionDocument& document) {
    Json json = shown(document);
    json["success"] = true;
    json["session"] = shown(document);
    answer(call, 200, json);
  });
}

void Gateway::show_auth_url(const CallPtr& call) {
  with_document(call, [=, this](const SessionDocument& document) {
    const auto url =
        document.login && !document.login->url.empty() ? Json(document.login->url) : Json(nullptr);
    answer(call, 200,
           {{"success", true},
            {"oauthUrl", url},
            {"provider", document.provider},
            {"status", status_of(document)}});
  });
}

void Gateway::show_auth_credential(const CallPtr& call) {
  with_document(call, [=, this](const SessionDocument& document) {
    const auto& login = document.login;
    Json json{{"success", true},
              {"status", credential_status(document)},
              {"authenticated", login && login->state == LoginState::completed},
              {"sessionStatus", status_of(document)},
              {"provider", document.provider}};
    if (login && login->captured_at) json["capturedAt"] = to_rfc3339(*login->captured_at);
    if (login && login->handed_over_at) json["handedOverAt"] = to_rfc3339(*login->handed_over_at);
    if (login && login->cause) json["error"] = login->cause->message;
    answer(call, 200, json);
  });
}

void Gateway::cancel_auth(const CallPtr& call) {
  with_session_actor(call, [=, this](const SessionActor& session) {
    request(session, caf::infinite, CancelLogin{call->who.name()})
        .then(
            [=, this](const LoginAnswer& made) {
              if (!made.login || made.refusal) return show_login(call, made);
              answer(call, 200,
                     {{"success", true},
                      {"message", "Session cancelled"},
                      {"status", to_string(made.login->state)}});
            },
            unanswered(call));
  });
}

void Gateway::touch_auth(const CallPtr& call) {
  with_session_actor(call, [=, this](const SessionActor& session) {
    send(session, TouchSession{});
    answer(call, 200, {{"success", true}});
  });
}

}  // namespace aerie
