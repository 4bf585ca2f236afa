#include "tests/support/world.hpp"

#include <stdexcept>
#include <utility>

namespace aerie::test {

namespace {

/// The answer's JSON, if its status is the expected one.
Json expect(const HttpAnswer& answer, int status, const std::string& what) {
  if (answer.status != status)
    throw std::runtime_error(what + " answered " + std::to_string(answer.status) + ": " +
                             answer.body);
  return answer.json();
}

EmbeddedOptions quiet(const World::Set& set) {
  EmbeddedOptions options;
  options.set = {{"log.level", "error"}};
  options.set.insert(options.set.end(), set.begin(), set.end());
  return options;
}

}  // namespace

World::World(const Set& set) : World(quiet(set)) {}

World::World(const EmbeddedOptions& options) {
  auto [controller, error] = Embedded::start(options);
  if (controller == nullptr) throw std::runtime_error(error.message + " " + error.remedy);
  controller_ = std::move(controller);
}

StartedSession World::start(Json wish) {
  if (!wish.contains("userId")) wish["userId"] = "tester";
  auto document = expect(http().post("/api/v1/sessions", wish), 201, "POST /api/v1/sessions");
  return {document.at("id"), document.at("token"), std::move(document)};
}

Json World::wait_for_state(const std::string& id, const std::string& state,
                           std::chrono::milliseconds within) {
  const Deadline deadline(within);
  auto stream = events();
  for (;;) {
    const auto now = session(id).at("state").get<std::string>();
    if (now == state) return session(id);
    if (now == "failed" || now == "ended")
      throw std::runtime_error("the session is " + now + ": " + why(id).dump(1));
    ServerEvent event;
    do {
      try {
        event = stream.next_of("session.state", deadline.left());
      } catch (const std::runtime_error& error) {
        throw std::runtime_error("the session stays " + now + ": " + error.what() + "\n" +
                                 why(id).dump(1));
      }
    } while (event.data.value("session", "") != id);
  }
}

Json World::session(const std::string& id) const {
  return expect(http().get("/api/v1/sessions/" + id), 200, "the session document");
}

Json World::why(const std::string& id) const {
  return expect(http().get("/api/v1/why/" + id), 200, "why");
}

EventStream World::events() const {
  return {address(), token(), "/api/v1/events?since=0"};
}

std::string World::viewer(const std::string& id, const std::string& session_token,
                          const std::string& role) const {
  return "http://" + address() + "/view/" + id + (role == "host" ? "" : "?role=" + role) +
         "#token=" + session_token;
}

std::string World::watch_token(const std::string& id) const {
  const auto answer =
      http().post("/api/v1/sessions/" + id + "/tokens", {{"role", "viewer"}, {"ttlMs", 600'000}});
  if (answer.status / 100 != 2) throw std::runtime_error("no watch token: " + answer.body);
  return answer.json().at("token");
}

WebSocketClient World::join(const std::string& id, const std::string& session_token,
                            const std::string& role) const {
  WebSocketClient socket(address());
  socket.send({{"type", "hello"}, {"session", id}, {"token", session_token}, {"role", role}});
  return socket;
}

}  // namespace aerie::test
