#include "runtime/gateway/api/gateway.hpp"

#include "messages/object_reader.hpp"
#include "runtime/gateway/pages.hpp"
#include "runtime/secrets/identity.hpp"

namespace aerie {

namespace {

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// `{id}` names a session, a VM or either; a name that can't be one is unknown, not malformed.
bool has_possible_parameters(const RouteMatch& match) {
  const auto is_possible = [&](const char* name) {
    const auto found = match.parameters.find(name);
    return found == match.parameters.end() || is_uuid(found->second);
  };
  return is_possible("id") && is_possible("player");
}

/// Of `type; charset=utf-8` as well (RFC 9110, 8.3.1).
bool has_content_type(const HttpRequest& request, std::string_view type) {
  const auto header = find_pair(request.headers, "content-type").value_or("");
  return to_lower(trimmed(header.substr(0, header.find(';')))) == type;
}

}  // namespace

Gateway::Gateway(caf::actor_config& config, EnvironmentPtr environment, GatewayWorld world)
    : Actor(config, "gateway"), environment_(std::move(environment)), world_(std::move(world)) {}

void Gateway::on_exit() {
  // Nobody would hear these sockets any more; clients come back to the next gateway.
  for (const auto& [socket, peer] : peers_) {
    world_.sockets->close(socket, 1012, "restarting");
    send(peer, SocketClosed{1012});
  }
  for (const auto& [id, reader] : event_readers_)
    world_.server->end_stream(id);
  for (const auto& [id, follower] : log_followers_) {
    world_.logs->unfollow(follower);
    world_.server->end_stream(id);
  }
  for (const auto& [id, command] : commands_)
    stop_command(command);
  peers_.clear();
}

Gateway::Behavior Gateway::make_behavior() {
  set_down_handler([this](const caf::down_msg& down) {
    std::erase_if(peers_, [&](const auto& one) {
      if (one.second.address() != down.source) return false;
      // A peer that ends before its socket has failed; its socket is of no use any more.
      world_.sockets->close(one.first, 1011, "internal error");
      return true;
    });
  });
  return {
      [this](const Recorded& message) { on_recorded(message); },
      [this](const HttpArrived& message) { on_request(message.request); },
      [this](const HttpGone& message) { on_gone(message.id); },
      [this](const SocketOpened& message) { on_socket_opened(message); },
      [this](const SocketTextArrived& message) {
        const auto peer = peers_.find(message.socket);
        if (peer != peers_.end()) send(peer->second, SocketText{message.text});
      },
      [this](const SocketTooLargeArrived& message) {
        const auto peer = peers_.find(message.socket);
        if (peer != peers_.end()) send(peer->second, SocketTooLarge{});
      },
      [this](const SocketGone& message) { on_socket_gone(message); },
      [this](const GatewayTimer& message) {
        if (message.ticket == comment_ticket_) comment_on_streams();
      },
  };
}

// -- who asks -------------------------------------------------------------------------------------

void Gateway::on_request(std::shared_ptr<HttpRequest> request) {
  const auto call = std::make_shared<Call>(world_.server);
  call->match = find_route(request->method, request->path);
  call->request = std::move(request);
  if (call->match.route == nullptr && call->match.allowed.empty()) {
    return refuse(call, 404, "not-found", "There is nothing at this path.");
  }
  if (call->match.route == nullptr) {
    auto response =
        error_response(405, "method-not-allowed", "This path knows " + call->match.allowed + ".");
    response.headers.emplace_back("Allow", call->match.allowed);
    return send_response(call, std::move(response));
  }
  authenticate(call);
}

void Gateway::authenticate(const CallPtr& call) {
  if (call->match.route->access == Access::open) return admit(call);
  const auto header = find_pair(call->request->headers, "authorization");
  const auto token = header ? bearer_token(*header) : std::nullopt;
  if (!token) return admit(call);
  const auto digest = environment_->digest(*token);
  if (same_digest(digest, environment_->operator_digest)) {
    call->who.kind = Principal::Kind::an_operator;
    return admit(call);
  }
  if (same_digest(digest, environment_->observer_digest)) {
    call->who.kind = Principal::Kind::observer;
    return admit(call);
  }
  request(environment_->directory.ledger(), caf::infinite, FindToken{digest})
      .then(
          [this, call](const TokenFound& found) {
            if (!found.session.empty()) {
              call->who = {found.use == TokenUse::session ? Principal::Kind::session
                                                          : Principal::Kind::watcher,
                           found.session};
            }
            admit(call);
          },
          unanswered(call));
}

void Gateway::admit(const CallPtr& call) {
  const auto& route = *call->match.route;
  if (route.access != Access::open && call->who.kind == Principal::Kind::nobody) {
    auto response = error_response(
        401, "unauthorized", "Send `Authorization: Bearer TOKEN` with a token that is known.");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return send_response(call, std::move(response));
  }
  if (!may_use(call->who, route.access)) {
    return refuse(call, 403, "forbidden", "This token does not allow it.");
  }
  if (!has_possible_parameters(call->match)) return refuse_unknown(call);
  if (const auto checked = check_query(call->request->query, route.query); !checked) {
    const auto& fault = checked.error();
    return refuse(call, 422, fault.code, fault.field + " " + fault.message + ".", fault.field);
  }
  if (route.body && !read_body(call)) return;
  perform(call);
}

bool Gateway::read_body(const CallPtr& call) {
  const auto& route = *call->match.route;
  if (!route.body_type.empty()) {
    if (has_content_type(*call->request, route.body_type)) return true;
    refuse(call, 415, "unsupported-type",
           "The body must be of the type " + std::string(route.body_type) + ".", "Content-Type");
    return false;
  }
  if (call->request->body.empty() && !route.body_required) {
    call->body = Json::object();
    return true;
  }
  auto parsed = parse_document(call->request->body);
  if (!parsed) {
    const auto& error = parsed.error();
    const auto subject = error.field.empty() ? std::string("The body") : error.field;
    refuse(call, 400, "bad-json", subject + " " + error.message + ".", error.field);
    return false;
  }
  if (const auto checked = check_body(*parsed, *route.body); !checked) {
    const auto& fault = checked.error();
    const auto subject = fault.field.empty() ? std::string("The body") : fault.field;
    refuse(call, fault.field.empty() ? 400 : 422, fault.code, subject + " " + fault.message + ".",
           fault.field);
    return false;
  }
  call->body = *std::move(parsed);
  return true;
}

void Gateway::perform(const CallPtr& call) {
  switch (call->match.route->operation) {
    case Operation::health:
      return answer(call, 200, {{"status", "ok"}});
    case Operation::readiness:
      return check_readiness(call);
    case Operation::metrics:
      return show_metrics(call);
    case Operation::describe_api:
      return answer(call, 200, describe_routes(routes()));
    case Operation::start_auth:
    case Operation::create_session:
      return create_session(call);
    case Operation::list_sessions:
      return list_sessions(call);
    case Operation::show_session:
      return show_session(call);
    case Operation::retire_session:
      return retire_session(call);
    case Operation::set_hold:
      return set_hold(call);
    case Operation::clear_hold:
      return clear_hold(call);
    case Operation::issue_token:
      return issue_token(call);
    case Operation::read_logs:
      return read_logs(call);
    case Operation::take_screenshot:
      return take_screenshot(call);
    case Operation::fetch_credential:
      return fetch_credential(call);
    case Operation::cancel_login:
      return cancel_login(call);
    case Operation::retry_login:
      return retry_login(call);
    case Operation::show_auth:
      return show_auth(call);
    case Operation::show_auth_url:
      return show_auth_url(call);
    case Operation::show_auth_credential:
      return show_auth_credential(call);
    case Operation::cancel_auth:
      return cancel_auth(call);
    case Operation::touch_auth:
      return touch_auth(call);
    case Operation::list_vms:
      return list_vms(call);
    case Operation::show_vm:
      return show_vm(call);
    case Operation::read_console:
      return read_console(call);
    case Operation::explain:
      return explain(call, call->parameter("id"));
    case Operation::explain_child:
      return explain(call, call->parameter("id") + "/" + call->parameter("child"));
    case Operation::follow_events:
      return follow_events(call);
    case Operation::run_command:
      return run_command(call);
    case Operation::examine:
      return examine(call);
    case Operation::show_network:
      return show_network(call);
    case Operation::test_network:
      return test_network(call);
    case Operation::look_at_player:
      return send_response(call, {204, {}, {}, {}});
    case Operation::open_player:
      return open_player(call);
    case Operation::add_candidates:
      return add_candidates(call);
    case Operation::close_player:
      return close_player(call);
  }
}

// -- answers --------------------------------------------------------------------------------------

void Gateway::answer(const CallPtr& call, int status, const Json& json, Pairs headers) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = dump(json);
  send_response(call, std::move(response));
}

void Gateway::refuse(const CallPtr& call, int status, std::string_view code,
                     std::string_view message, std::string_view field) {
  send_response(call, error_response(status, code, message, field));
}

void Gateway::refuse_unknown(const CallPtr& call) {
  refuse(call, 404, "not-found", "There is no such session, VM or child.");
}

void Gateway::send_response(const CallPtr& call, HttpResponse response) {
  count_response(response.status);
  call->is_answered = true;
  world_.server->respond(call->request->id, std::move(response));
}

void Gateway::count_response(int status) {
  ++answered_[status];
  world_.metrics->count_response(status);
}

Gateway::Call::~Call() {
  if (is_answered || !request) return;
  server->respond(request->id,
                  error_response(503, "unavailable", "The gateway is being restarted; ask again."));
}

std::function<void(const caf::error&)> Gateway::unanswered(const CallPtr& call) {
  return [this, call](const caf::error&) {
    refuse(call, 503, "unavailable", "A part of the controller is being restarted; ask again.");
  };
}

}  // namespace aerie
