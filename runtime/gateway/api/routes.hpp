#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/gateway/api/fields.hpp"

namespace aerie {

/// What a request asks for.
enum class Operation {
  health,
  readiness,
  metrics,
  describe_api,
  start_auth,
  create_session,
  list_sessions,
  show_session,
  retire_session,
  set_hold,
  clear_hold,
  issue_token,
  read_logs,
  take_screenshot,
  fetch_credential,
  cancel_login,
  retry_login,
  show_auth,
  show_auth_url,
  show_auth_credential,
  cancel_auth,
  touch_auth,
  list_vms,
  show_vm,
  read_console,
  explain,
  explain_child,
  follow_events,
  run_command,
  examine,
  show_network,
  test_network,
  look_at_player,
  open_player,
  add_candidates,
  close_player,
};

/// Who may do it (contract, section 2).
enum class Access {
  open,      ///< anybody
  read_all,  ///< operator, observer
  read_own,  ///< operator, observer; a session token sees its own session
  retire,    ///< operator; a session token its own session, without force
  watch,     ///< operator; a session or watch token its own session
  operate,   ///< operator
};

struct Route {
  std::string_view method;
  std::string_view pattern;  ///< segments in braces are parameters: `/api/v1/sessions/{id}`
  Operation operation;
  Access access;
  int status;  ///< of success
  std::string_view summary;
  FieldTable query;
  std::optional<FieldTable> body;  ///< none: a body is not read
  bool body_required = true;
  std::string_view body_type = {};  ///< of a body that is no JSON; its table is empty then
};

/// The whole API. openapi.json is made of this table.
[[nodiscard]] const std::vector<Route>& routes();

struct RouteMatch {
  const Route* route = nullptr;  ///< null: see `allowed`
  std::map<std::string, std::string> parameters;
  std::string allowed;  ///< the path is known under these methods: `GET, PUT`
};

/// Finds the route of a request. HEAD is served by GET's.
[[nodiscard]] RouteMatch find_route(std::string_view method, std::string_view path);

/// openapi.json: OpenAPI 3.1.
[[nodiscard]] Json describe_routes(const std::vector<Route>& all);

}  // namespace aerie
