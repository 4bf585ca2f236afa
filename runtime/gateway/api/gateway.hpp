#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/core/actor.hpp"
#include "actors/core/environment.hpp"
#include "actors/ports/socket_port.hpp"
#include "runtime/gateway/api/access.hpp"
#include "runtime/gateway/api/doctor_port.hpp"
#include "runtime/gateway/api/http_console_reply.hpp"
#include "runtime/gateway/api/idempotency.hpp"
#include "runtime/gateway/api/log_reader.hpp"
#include "runtime/gateway/api/routes.hpp"
#include "runtime/gateway/api/session_wish.hpp"
#include "runtime/gateway/server.hpp"
#include "runtime/metrics/metrics.hpp"

namespace aerie {

/// What the gateway actor needs of the world, and of the configuration.
struct GatewayWorld {
  std::shared_ptr<GatewayServer> server;
  std::shared_ptr<SocketPort> sockets;
  std::shared_ptr<LogReader> logs;
  std::shared_ptr<Metrics> metrics = std::make_shared<Metrics>();
  std::shared_ptr<DoctorPort> doctor;  ///< null in tests that need none
  SessionDefaults defaults;
  std::string public_url;  ///< without a slash at its end; empty: as the client called us
  bool has_tls = false;
};

/// The gateway actor.
/// Job: answers the HTTP API; gives each WebSocket its peer.
/// Owns: requests under way, readers of events and logs, idempotency keys, the peers' handles.
/// Sends: questions to ledger, node, sessions and reaper; answers to the server.
/// Ends: with its supervisor; sockets are closed with 1012, requests under way get 503.
class Gateway : public Actor<GatewayActor> {
 public:
  Gateway(caf::actor_config& config, EnvironmentPtr environment, GatewayWorld world);

  Behavior make_behavior() override;
  void on_exit() override;

 protected:
  [[nodiscard]] Json describe() const override;

 private:
  /// A request on its way to an answer. One that is dropped without, because this actor or the one
  /// that was asked ended, is answered with 503.
  struct Call {
    explicit Call(std::shared_ptr<GatewayServer> its_server) : server(std::move(its_server)) {}
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    std::shared_ptr<GatewayServer> server;
    bool is_answered = false;
    std::shared_ptr<HttpRequest> request;
    RouteMatch match;
    Principal who;
    Json body;

    [[nodiscard]] const std::string& parameter(const std::string& name) const {
      return match.parameters.at(name);
    }
    [[nodiscard]] std::string query(std::string_view name) const {
      return std::string(find_pair(request->query, name).value_or(""));
    }
  };
  using CallPtr = std::shared_ptr<Call>;

  // gateway.cpp: who asks, and whether the request is well-formed
  void on_request(std::shared_ptr<HttpRequest> request);
  void authenticate(const CallPtr& call);
  void admit(const CallPtr& call);
  bool read_body(const CallPtr& call);
  void perform(const CallPtr& call);
  void answer(const CallPtr& call, int status, const Json& json, Pairs headers = {});
  void refuse(const CallPtr& call, int status, std::string_view code, std::string_view message,
              std::string_view field = {});
  void refuse_unknown(const CallPtr& call);
  void send_response(const CallPtr& call, HttpResponse response);
  void count_response(int status);
  /// What to do with a request that its receiver did not answer.
  std::function<void(const caf::error&)> unanswered(const CallPtr& call);

  // gateway_sessions.cpp: what changes sessions
  void create_session(const CallPtr& call);
  void make_session(const CallPtr& call, SessionRequest request, const std::string& key);
  void on_created(const CallPtr& call, const SessionCreated& created, const std::string& token,
                  const std::string& key);
  void show_created(const CallPtr& call, const SessionDocument& document, const std::string& token);
  void show_created_before(const CallPtr& call, const std::string& id, const std::string& token);
  void retire_session(const CallPtr& call);
  void set_hold(const CallPtr& call);
  void clear_hold(const CallPtr& call);
  void issue_token(const CallPtr& call);
  void with_session_actor(const CallPtr& call, std::function<void(const SessionActor&)> act);
  /// A hold goes to the session, or to the ledger once that is over.
  template <class OfLiving, class OfEnded>
  void change_hold(const CallPtr& call, OfLiving living, OfEnded ended);
  void show_hold(const CallPtr& call, const HoldAnswer& answer);
  [[nodiscard]] std::string base_url(const CallPtr& call, bool is_socket) const;

  // gateway_login.cpp: log-ins and their credentials
  void fetch_credential(const CallPtr& call);
  void take_credential(const CallPtr& call, const SessionDocument& document);
  void describe_credential(const CallPtr& call, const SessionDocument& document);
  void cancel_login(const CallPtr& call);
  void retry_login(const CallPtr& call);
  void show_login(const CallPtr& call, const LoginAnswer& answer);

  // gateway_auth.cpp: the older system's shapes of the same
  void show_auth(const CallPtr& call);
  void show_auth_url(const CallPtr& call);
  void show_auth_credential(const CallPtr& call);
  void cancel_auth(const CallPtr& call);
  void touch_auth(const CallPtr& call);

  // gateway_views.cpp: what only shows
  void check_readiness(const CallPtr& call);
  void show_metrics(const CallPtr& call);
  [[nodiscard]] MetricsSnapshot snapshot(const NodeFigures& figures,
                                         const ResourceList& resources) const;
  void list_sessions(const CallPtr& call);
  void show_session(const CallPtr& call);
  void with_document(const CallPtr& call, std::function<void(const SessionDocument&)> act);
  void list_vms(const CallPtr& call);
  void with_vm(const CallPtr& call, std::function<void(const VmFound&)> act);
  void show_vm(const CallPtr& call);
  void read_console(const CallPtr& call);
  void follow_console(const CallPtr& call, ConsoleQuery query, const std::string& driver);
  void explain(const CallPtr& call, const std::string& id);

  // gateway_streams.cpp: answers without end
  void follow_events(const CallPtr& call);
  void on_subscribed(std::uint64_t id, const Subscribed& subscribed);
  void on_recorded(const Recorded& recorded);
  void comment_on_streams();
  void read_logs(const CallPtr& call);
  void start_logs(const CallPtr& call);
  void on_gone(std::uint64_t id);
  void expect_comments();

  // gateway_players.cpp: viewers by WHEP
  void open_player(const CallPtr& call);
  void show_player(const CallPtr& call, const PlayerOpened& opened);
  void add_candidates(const CallPtr& call);
  void close_player(const CallPtr& call);
  void refuse_player(const CallPtr& call, const signaling::Refusal& refusal);

  // gateway_screenshots.cpp: pictures of a guest's display
  void take_screenshot(const CallPtr& call);
  void show_screenshot(const CallPtr& call, const ScreenshotTaken& taken);

  // gateway_console.cpp: operators' commands
  void run_command(const CallPtr& call);
  void stop_command(const std::weak_ptr<HttpConsoleReply>& command);

  // gateway_doctor.cpp: what is wrong with this host, and the way to it
  void examine(const CallPtr& call);
  void show_network(const CallPtr& call);
  void test_network(const CallPtr& call);

  // gateway_sockets.cpp: WebSockets
  void on_socket_opened(const SocketOpened& opened);
  void on_socket_gone(const SocketGone& gone);

  struct EventReader {
    bool is_begun = false;  ///< the subscription is confirmed
    std::string early;      ///< events that came before that
  };

  EnvironmentPtr environment_;
  GatewayWorld world_;
  IdempotencyKeys keys_;
  std::unordered_map<std::string, std::vector<CallPtr>> waiting_for_key_;
  std::map<std::uint64_t, EventReader> event_readers_;
  std::map<std::uint64_t, std::uint64_t> log_followers_;               ///< request to follower
  std::map<std::uint64_t, std::weak_ptr<HttpConsoleReply>> commands_;  ///< by request
  std::unordered_map<std::uint64_t, PeerActor> peers_;
  std::uint64_t comment_ticket_ = 0;
  std::map<int, std::uint64_t> answered_;  ///< by status
};

}  // namespace aerie
