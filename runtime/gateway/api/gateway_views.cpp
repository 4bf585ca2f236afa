#include "runtime/gateway/api/gateway.hpp"

namespace aerie {

namespace {

ListSessions listing_of(const HttpRequest& request) {
  constexpr std::string_view label_prefix = "label.";
  ListSessions listing;
  for (const auto& [name, value] : request.query) {
    if (name == "state") listing.state = session_state(value);
    if (name == "userId") listing.user_id = value;
    if (name == "limit") listing.limit = std::stoul(value);
    if (name == "after") listing.after = value;
    if (name.starts_with(label_prefix)) listing.labels[name.substr(label_prefix.size())] = value;
  }
  return listing;
}

}  // namespace

// -- the controller -------------------------------------------------------------------------------

void Gateway::check_readiness(const CallPtr& call) {
  request(environment_->directory.ledger(), caf::infinite, AskStoreHealth{})
      .then(
          [=, this](const Saved& store) {
            request(environment_->directory.node(), caf::infinite, AskNodeFigures{})
                .then(
                    [=, this](const NodeFigures& figures) {
                      Json missing = Json::array();
                      if (store.failure) missing.push_back("store: " + store.failure->message);
                      if (figures.draining) missing.push_back("node: draining");
                      const bool ready = missing.empty();
                      Json json{{"ready", ready}};
                      if (!ready) json["missing"] = std::move(missing);
                      answer(call, ready ? 200 : 503, json);
                    },
                    unanswered(call));
          },
          unanswered(call));
}

void Gateway::show_metrics(const CallPtr& call) {
  request(environment_->directory.node(), caf::infinite, AskNodeFigures{})
      .then(
          [=, this](const NodeFigures& figures) {
            request(environment_->directory.ledger(), caf::infinite, ListResources{})
                .then(
                    [=, this](const ResourceList& resources) {
                      HttpResponse response;
                      response.content_type = "text/plain; version=0.0.4; charset=utf-8";
                      response.body = world_.metrics->text(snapshot(figures, resources));
                      send_response(call, std::move(response));
                    },
                    unanswered(call));
          },
          unanswered(call));
}

MetricsSnapshot Gateway::snapshot(const NodeFigures& figures, const ResourceList& resources) const {
  MetricsSnapshot snapshot;
  if (environment_->roster) {
    snapshot.actors = environment_->roster->facts(FactsDepth::brief);
    snapshot.dead_letters = environment_->roster->dead_letters();
  }
  snapshot.dropped_log_bytes = world_.logs->dropped_bytes();
  snapshot.node = figures;
  snapshot.sockets = peers_.size();
  snapshot.event_readers = event_readers_.size();
  snapshot.log_followers = log_followers_.size();
  snapshot.console_commands = commands_.size();
  snapshot.resources = resources.resources;
  return snapshot;
}

// -- sessions -------------------------------------------------------------------------------------

void Gateway::list_sessions(const CallPtr& call) {
  const auto listing = listing_of(*call->request);
  // A session's own token sees a list of that one.
  if (call->who.kind == Principal::Kind::session) {
    return with_document(call, [=, this](const SessionDocument& document) {
      answer(call, 200, {{"sessions", Json::array({document})}});
    });
  }
  request(environment_->directory.ledger(), caf::infinite, listing)
      .then(
          [=, this](const SessionList& list) {
            Json sessions = Json::array();
            for (const auto& document : list.sessions)
              sessions.push_back(*document);
            Json json{{"sessions", std::move(sessions)}};
            if (!list.next.empty()) json["next"] = list.next;
            answer(call, 200, json);
          },
          unanswered(call));
}

void Gateway::with_document(const CallPtr& call, std::function<void(const SessionDocument&)> act) {
  const auto id = call->match.parameters.find("id");
  const auto& session = id == call->match.parameters.end() ? call->who.session : id->second;
  const bool is_watching = call->match.route->access == Access::watch;
  const bool is_theirs = is_watching ? call->who.watches(session) : call->who.sees(session);
  if (!is_theirs) return refuse_unknown(call);
  request(environment_->directory.ledger(), caf::infinite, FindSession{session})
      .then(
          [=, this](const SessionFound& found) {
            if (!found.document) return refuse_unknown(call);
            act(*found.document);
          },
          unanswered(call));
}

void Gateway::show_session(const CallPtr& call) {
  with_document(call, [=, this](const SessionDocument& document) { answer(call, 200, document); });
}

// -- VMs and reasons ------------------------------------------------------------------------------

void Gateway::list_vms(const CallPtr& call) {
  request(environment_->directory.ledger(), caf::infinite, ListVms{})
      .then(
          [=, this](const VmList& list) {
            Json vms = Json::array();
            for (const auto& vm : list.vms) {
              if (call->who.sees(vm->session)) vms.push_back(*vm);
            }
            answer(call, 200, {{"vms", std::move(vms)}});
          },
          unanswered(call));
}

void Gateway::with_vm(const CallPtr& call, std::function<void(const VmFound&)> act) {
  request(environment_->directory.ledger(), caf::infinite, FindVm{call->parameter("id")})
      .then(
          [=, this](const VmFound& found) {
            const bool is_known = found.document || found.session;
            const auto session = found.session ? found.session->id : std::string{};
            if (!is_known || !call->who.sees(session)) return refuse_unknown(call);
            act(found);
          },
          unanswered(call));
}

void Gateway::show_vm(const CallPtr& call) {
  with_vm(call, [=, this](const VmFound& found) {
    if (!found.document) return refuse_unknown(call);
    answer(call, 200, *found.document);
  });
}

void Gateway::explain(const CallPtr& call, const std::string& id) {
  request(environment_->directory.ledger(), caf::infinite, AskWhy{id})
      .then(
          [=, this](const WhyAnswer& found) {
            if (!found.why || !call->who.sees(found.session)) return refuse_unknown(call);
            answer(call, 200, *found.why);
          },
          unanswered(call));
}

}  // namespace aerie
