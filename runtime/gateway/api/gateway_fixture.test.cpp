#include "runtime/gateway/api/gateway_fixture.test.hpp"

#include <catch2/catch.hpp>

namespace aerie::testing {

namespace {

SessionDocument known_document() {
  SessionDocument document;
  document.id = GatewayFixture::known;
  document.user_id = "user";
  document.profile = "browser";
  document.driver = "process";
  document.state = SessionState::ready;
  document.vm_id = GatewayFixture::other;
  document.vm_address = "10.77.0.2";
  return document;
}

VmDocument known_vm() {
  VmDocument vm;
  vm.id = GatewayFixture::other;
  vm.session = GatewayFixture::known;
  vm.driver = "process";
  return vm;
}

SessionDocumentPtr shared(SessionDocument document) {
  return std::make_shared<const SessionDocument>(std::move(document));
}

}  // namespace

GatewayFixture::GatewayFixture() {
  environment->digest = [](const std::string& text) { return "digest of " + text; };
  environment->operator_digest = "digest of operator";
  environment->observer_digest = "digest of observer";
  environment->wall = [this] { return now; };
  environment->new_id = [] { return std::string(other); };
  environment->new_token = [this] { return "token " + std::to_string(++last_token_); };
  environment->profiles["browser"].edit().name = "browser";
  environment->profiles["terminal"].edit().name = "terminal";
  environment->drivers["process"] = nullptr;
  make_session();
  make_ledger();
  make_node();
  make_reaper();
  GatewayWorld world;
  world.server = server;
  world.sockets = sockets;
  world.logs = logs;
  world.doctor = doctor;
  world.defaults.find_profile = [this](const std::string& name) -> const Profile* {
    const auto found = environment->profiles.find(name);
    return found == environment->profiles.end() ? nullptr : &*found->second;
  };
  world.defaults.is_driver = [this](const std::string& name) {
    return environment->drivers.contains(name);
  };
  gateway = system.system().spawn<Gateway>(environment, world);
  system.run();
}

GatewayFixture::~GatewayFixture() {
  environment->directory.clear();
  caf::anon_send_exit(gateway, caf::exit_reason::user_shutdown);
  for (const auto& actor : actors_)
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  system.run();
}

void GatewayFixture::make_session() {
  actors_.push_back(system.system().spawn([this](caf::event_based_actor*) -> caf::behavior {
    return {
        [this](const SetHold& message) {
          holds[message.hold.name] = message.hold;
          return HoldAnswer{message.hold};
        },
        [this](const ClearHold& message) {
          auto node = holds.extract(message.name);
          return node.empty() ? HoldAnswer{} : HoldAnswer{node.mapped()};
        },
        [this](const OpenPlayer& message) {
          players.push_back(message);
          return PlayerOpened{other, "v=0 ours", player_refusal};
        },
        [this](const TakeScreenshot&) {
          return screenshot_refusal
                     ? ScreenshotTaken{nullptr, screenshot_refusal}
                     : ScreenshotTaken{std::make_shared<const std::string>("a picture"), {}};
        },
        [this](const PlayerCandidates& message) {
          candidates.push_back(message);
          return PlayerAnswer{player_refusal};
        },
        [this](const ClosePlayer& message) {
          closed_players.push_back(message.resource);
          return PlayerAnswer{player_refusal};
        },
    };
  }));
  session_ = caf::actor_cast<SessionActor>(actors_.back());
}

void GatewayFixture::make_ledger() {
  actors_.push_back(system.system().spawn([this](caf::event_based_actor*) -> caf::behavior {
    return {
        [](const FindToken& message) {
          if (message.digest == "digest of owner") return TokenFound{known, TokenUse::session};
          if (message.digest == "digest of watcher") return TokenFound{known, TokenUse::watch};
          return TokenFound{};
        },
        [this](const SaveToken& message) { tokens.push_back(message); },
        [this](const FindSession& message) {
          if (message.id != known) return SessionFound{};
          auto document = known_document();
          if (is_over) document.state = SessionState::ended;
          return SessionFound{shared(document)};
        },
        [this](const ListSessions& message) {
          listings.push_back(message);
          return SessionList{{shared(known_document())}, "next-id"};
        },
        [](const ListVms&) { return VmList{{std::make_shared<const VmDocument>(known_vm())}}; },
        [](const AskWhy& message) {
          if (!message.id.starts_with(known)) return WhyAnswer{};
          return WhyAnswer{Json{{"subject", message.id}}, known};
        },
        [this](const Subscribe& message) {
          subscriptions.push_back(message);
          return Subscribed{gap};
        },
        [this](const Unsubscribe& message) { unsubscriptions.push_back(message); },
        [](const ListResources&) { return ResourceList{}; },
        [this](const AskStoreHealth&) { return Saved{store_failure}; },
        [](const FindVm& message) {
          const auto vm = known_vm();
          if (message.id == gone_vm) return VmFound{nullptr, shared(known_document())};
          if (message.id != vm.id) return VmFound{};
          return VmFound{std::make_shared<const VmDocument>(vm), shared(known_document())};
        },
        [this](const HoldEnded& message) {
          if (store_failure) return HoldAnswer{message.hold, store_failure};
          ended_holds[message.hold.name] = message.hold;
          return HoldAnswer{message.hold};
        },
        [this](const UnholdEnded& message) {
          auto node = ended_holds.extract(message.name);
          return node.empty() ? HoldAnswer{} : HoldAnswer{node.mapped()};
        },
    };
  }));
  environment->directory.put(caf::actor_cast<LedgerActor>(actors_.back()));
}

void GatewayFixture::make_node() {
  actors_.push_back(system.system().spawn([this](caf::event_based_actor*) -> caf::behavior {
    return {
        [this](const CreateSession& message) {
          created.push_back(message);
          if (creation_refusal) return SessionCreated{nullptr, creation_refusal};
          auto document = known_document();
          document.state = SessionState::starting;
          return SessionCreated{shared(document), std::nullopt};
        },
        [this](const FindSessionActor& message) {
          return SessionActorFound{message.id == known && !is_over ? session_ : SessionActor{}};
        },
        [this](const AskNodeFigures&) {
          NodeFigures figures;
          figures.sessions = 3;
          figures.draining = is_draining;
          return figures;
        },
    };
  }));
  environment->directory.put(caf::actor_cast<NodeActor>(actors_.back()));
}

void GatewayFixture::make_reaper() {
  actors_.push_back(system.system().spawn([this](caf::event_based_actor*) -> caf::behavior {
    return {
        [this](const ProposeRetirement& message) {
          proposals.push_back(message);
          return ProposalMade{
              {"p", message.session, message.reason, message.by, Duration{30'000}, message.forced}};
        },
    };
  }));
  environment->directory.put(caf::actor_cast<ReaperActor>(actors_.back()));
}

std::uint64_t GatewayFixture::ask(const Request& wish) {
  auto request = std::make_shared<HttpRequest>();
  request->id = ++last_id_;
  request->method = wish.method;
  request->path = wish.path;
  request->query = wish.query;
  request->headers = wish.headers;
  request->body = wish.body;
  request->headers.emplace_back("host", "localhost:4000");
  if (!wish.token.empty()) request->headers.emplace_back("authorization", "Bearer " + wish.token);
  post(gateway, HttpArrived{request});
  system.run();
  return last_id_;
}

HttpResponse GatewayFixture::call(const Request& request) {
  const auto id = ask(request);
  REQUIRE(server->responses.contains(id));
  return server->responses.at(id);
}

std::string GatewayFixture::outcome(const Request& request) {
  const auto response = call(request);
  auto text = std::to_string(response.status);
  const auto json = Json::parse(response.body, nullptr, false);
  if (!json.is_object() || !json.contains("error")) return text;
  const auto& error = json["error"];
  text += " " + error["code"].get<std::string>();
  if (error.contains("field")) text += " " + error["field"].get<std::string>();
  return text;
}

}  // namespace aerie::testing
