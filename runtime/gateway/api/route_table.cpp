#include <cstdint>

#include "runtime/gateway/api/routes.hpp"

namespace aerie {

namespace {

constexpr std::int64_t day_ms = 86'400'000;

Field text(std::string_view name, std::int64_t least, std::int64_t most,
           std::string_view description) {
  return {name, FieldType::text, description, false, least, most, {}, {}};
}

Field integer(std::string_view name, std::int64_t least, std::int64_t most,
              std::string_view description) {
  return {name, FieldType::integer, description, false, least, most, {}, {}};
}

Field plain(std::string_view name, FieldType type, std::string_view description,
            std::int64_t most = 0) {
  return {name, type, description, false, 0, most, {}, {}};
}

Field choice(std::string_view name, std::vector<std::string_view> choices,
             std::string_view description) {
  return {name, FieldType::choice, description, false, 0, 0, std::move(choices), {}};
}

Field required(Field field) {
  field.required = true;
  return field;
}

Field display() {
  return {"display",
          FieldType::object,
          "The profile's where it is absent",
          false,
          0,
          0,
          {},
          {required(integer("width", 64, 3840, "Pixels")),
           required(integer("height", 64, 2160, "Pixels")),
           integer("fps", 1, 120, "At most so many frames a second; the profile's by default")}};
}

FieldTable session_body() {
  return {
      required(text("userId", 1, 256, "Whose session it is")),
      plain("provider", FieldType::name, "Of a log-in; unknown ones are only a label"),
      plain("profile", FieldType::name, "What runs in the guest"),
      plain("driver", FieldType::name, "What the guest is: process, qemu, firecracker"),
      plain("url", FieldType::url, "Opened at the start: http, https, about or data", 8 * 1024),
      display(),
      integer("idleMs", 100, day_ms, "How long it lives with nobody connected"),
      integer("maxMs", 100, day_ms, "How long it lives at most"),
      plain("labels", FieldType::labels, "For finding it again", 16),
      plain("env", FieldType::environment, "Goes to the guest; never shown again", 64),
      text("credentialKey", 43, 44,
           "The owner's X25519 public key, base64: what a log-in leaves is sealed to it"),
  };
}

FieldTable list_query() {
  return {
      choice("state", {"starting", "ready", "retiring", "ended", "failed"}, "Only these"),
      text("userId", 1, 256, "Only this user's"),
      plain("label", FieldType::labels, "`label.K=V`: only those with this label", 16),
      integer("limit", 1, 1000, "At most so many; 100 by default"),
      plain("after", FieldType::id, "`next` of the page before"),
  };
}

FieldTable log_query() {
  return {
      plain("child", FieldType::name, "Only this child's lines, without prefix"),
      integer("tail", 0, 10'000'000, "Only so many lines, the last ones"),
      plain("follow", FieldType::boolean, "Go on with each new line until the session ends"),
      choice("format", {"text", "jsonl"}, "jsonl: `{n, at, child, stream, line}` a line"),
  };
}

}  // namespace

const std::vector<Route>& routes() {
  using O = Operation;
  using A = Access;
  static const FieldTable none;
  static const std::vector<Route> table{
      {"GET", "/healthz", O::health, A::open, 200, "Is the controller alive?", none, {}},
      {"GET", "/readyz", O::readiness, A::open, 200, "Does it take sessions?", none, {}},
      {"GET", "/metrics", O::metrics, A::read_all, 200, "Figures for Prometheus", none, {}},
      {"GET", "/api/v1/openapi.json", O::describe_api, A::read_all, 200, "This document", none, {}},
      {"POST", "/api/auth/start", O::start_auth, A::operate, 200,
       "Start a session, as clients of the older system do", none,
       FieldTable{required(text("userId", 1, 256, "Whose session it is")),
                  required(plain("provider", FieldType::name, "Of the log-in"))}},
      {"POST", "/api/v1/sessions", O::create_session, A::operate, 201, "Start a session", none,
       session_body()},
      {"GET",
       "/api/v1/sessions",
       O::list_sessions,
       A::read_own,
       200,
       "Sessions, newest first",
       list_query(),
       {}},
      {"GET", "/api/v1/sessions/{id}", O::show_session, A::read_own, 200, "One session", none, {}},
      {"DELETE",
       "/api/v1/sessions/{id}",
       O::retire_session,
       A::retire,
       202,
       "Propose a session's end; answers the proposal",
       {plain("force", FieldType::boolean, "Ask nobody (operator only)")},
       {}},
      {"PUT", "/api/v1/sessions/{id}/holds/{name}", O::set_hold, A::operate, 200,
       "Hold a session's evidence", none, FieldTable{text("reason", 0, 1024, "Why")}, false},
      {"DELETE",
       "/api/v1/sessions/{id}/holds/{name}",
       O::clear_hold,
       A::operate,
       200,
       "Clear a hold",
       none,
       {}},
      {"POST", "/api/v1/sessions/{id}/tokens", O::issue_token, A::operate, 201,
       "A token with which to watch", none,
       FieldTable{required(choice("role", {"viewer"}, "What it allows")),
                  required(integer("ttlMs", 100, day_ms, "How long it is good for"))}},
      {"GET",
       "/api/v1/sessions/{id}/logs",
       O::read_logs,
       A::read_own,
       200,
       "What the guest's children wrote",
       log_query(),
       {}},
      {"GET",
       "/api/v1/sessions/{id}/screenshot",
       O::take_screenshot,
       A::read_own,
       200,
       "What the guest's display shows now, watched or not; at most five a second",
       none,
       {}},
      {"GET",
       "/api/v1/sessions/{id}/credential",
       O::fetch_credential,
       A::read_own,
       200,
       "What the log-in left: once, to the session's token; others see what there is, never "
       "content",
       none,
       {}},
      {"POST",
       "/api/v1/sessions/{id}/login/cancel",
       O::cancel_login,
       A::retire,
       200,
       "End the log-in that is under way",
       none,
       {}},
      {"POST",
       "/api/v1/sessions/{id}/login/retry",
       O::retry_login,
       A::retire,
       200,
       "Begin another attempt after one that did not complete",
       none,
       {}},
      {"GET",
       "/api/auth/session/{id}",
       O::show_auth,
       A::read_own,
       200,
       "A session and its log-in, as clients of the older system ask",
       none,
       {}},
      {"GET",
       "/api/auth/session/{id}/oauth-url",
       O::show_auth_url,
       A::read_own,
       200,
       "The page to sign in at; null where there is none at the time",
       none,
       {}},
      {"GET",
       "/api/auth/session/{id}/credentials/status",
       O::show_auth_credential,
       A::read_own,
       200,
       "Whether the credential is there; never its content",
       none,
       {}},
      {"POST",
       "/api/auth/session/{id}/cancel",
       O::cancel_auth,
       A::retire,
       200,
       "End the log-in, as clients of the older system do",
       none,
       {}},
      {"POST",
       "/api/auth/session/{id}/heartbeat",
       O::touch_auth,
       A::retire,
       200,
       "The session is in use: its idle time begins anew",
       none,
       {}},
      {"GET", "/api/v1/vms", O::list_vms, A::read_own, 200, "VMs", none, {}},
      {"GET", "/api/v1/vms/{id}", O::show_vm, A::read_own, 200, "One VM", none, {}},
      {"GET",
       "/api/v1/vms/{id}/console",
       O::read_console,
       A::read_own,
       200,
       "A VM's serial console",
       {integer("tail", 0, 10'000'000, "Only so many lines, the last ones"),
        plain("follow", FieldType::boolean,
              "Go on with what it says, until its files or its session go")},
       {}},
      {"GET",
       "/api/v1/why/{id}",
       O::explain,
       A::read_own,
       200,
       "Why a session, VM or child is, or was, as it is",
       none,
       {}},
      {"GET",
       "/api/v1/why/{id}/{child}",
       O::explain_child,
       A::read_own,
       200,
       "The same for a child of a session",
       none,
       {}},
      {"GET",
       "/api/v1/events",
       O::follow_events,
       A::read_own,
       200,
       "Events as they happen",
       {integer("since", 0, INT64_MAX, "Begin after this seq")},
       {}},
      {"GET",
       "/api/v1/doctor",
       O::examine,
       A::read_all,
       200,
       "What is wrong with this host, configuration, image, network, disk and limits: `{ok, at, "
       "profile, driver, checks:[{name, area, ok, message, remedy, used?, limit?}]}`; takes "
       "seconds",
       {plain("profile", FieldType::name, "For which profile; the default one"),
        plain("driver", FieldType::name, "For which driver; the default one")},
       {}},
      {"GET",
       "/api/v1/doctor/network",
       O::show_network,
       A::read_all,
       200,
       "What a browser needs to test its way here: `{iceServers, publicAddress?, mediaPorts?, "
       "guestNetworks}`; only operators see the servers' credentials",
       none,
       {}},
      {"POST", "/api/v1/doctor/network", O::test_network, A::operate, 200,
       "Has a peer on this host answer a browser's offer of a data channel: `{answer}`, with all "
       "candidates",
       none,
       FieldTable{required(text("offer", 1, 60 * 1024,
                                "A session description with its candidates, base64")),
                  required(choice("transport", {"udp", "tcp"}, "Over which it is to connect"))}},
      {"POST", "/api/v1/console", O::run_command, A::operate, 200,
       "Run a command of the operators' console; answers one object a line: `document`, `item`, at "
       "last `end` with the fault, if any. Hanging up ends a command that goes on",
       none, FieldTable{required(text("line", 1, 4096, "As in `aerie console -c`"))}},
      {"GET",
       "/whep/{id}",
       O::look_at_player,
       A::open,
       204,
       "Nothing: a player is POSTed",
       none,
       {}},
      {"POST", "/whep/{id}", O::open_player, A::watch, 201,
       "Watch by WHEP (draft-ietf-wish-whep): an offer to receive video; answers with the answer, "
       "`Location`, `ETag`, and `Link` for each ICE server",
       none, FieldTable{}, true, "application/sdp"},
      {"GET", "/whep/{id}/{player}", O::look_at_player, A::open, 204, "Nothing", none, {}},
      {"PATCH", "/whep/{id}/{player}", O::add_candidates, A::watch, 204,
       "More ICE candidates of the player (RFC 8840); ICE is not restarted", none, FieldTable{},
       true, "application/trickle-ice-sdpfrag"},
      {"DELETE", "/whep/{id}/{player}", O::close_player, A::watch, 200, "Stop watching", none, {}},
  };
  return table;
}

}  // namespace aerie
