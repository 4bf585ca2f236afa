#include <sodium.h>

#include "runtime/gateway/api/gateway.hpp"

namespace aerie {
namespace {

HttpResponse json_response(const Json& json) {
  HttpResponse response;
  response.body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

std::optional<std::string> from_base64(const std::string& text) {
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &size, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != text.data() + text.size())
    return std::nullopt;
  bytes.resize(size);
  return bytes;
}

HttpResponse refusal_of(const Cause& cause) {
  const auto message = cause.message + " " + cause.remedy;
  if (cause.kind == CauseKind::quota) return error_response(429, "quota", message);
  if (cause.kind == CauseKind::link_violation)
    return error_response(422, "bad-field", message, "offer");
  return error_response(503, "unavailable", message);
}

}  // namespace

/// Answered on the doctor's thread: this actor may be gone by then.
void Gateway::examine(const CallPtr& call) {
  const auto given = [&](const char* name, const std::string& otherwise) {
    const auto value = call->query(name);
    return value.empty() ? otherwise : value;
  };
  const auto profile = given("profile", world_.defaults.profile);
  const auto driver = given("driver", world_.defaults.driver);
  if (!environment_->profiles.contains(profile))
    return refuse(call, 422, "bad-field", "There is no profile '" + profile + "'.", "profile");
  if (!environment_->drivers.contains(driver))
    return refuse(call, 422, "bad-field", "There is no driver '" + driver + "'.", "driver");
  if (!world_.doctor) return refuse(call, 503, "unavailable", "There is no doctor here.");
  Json names{{"profiles", Json::array()}, {"drivers", Json::array()}};
  for (const auto& [name, each] : environment_->profiles)
    names["profiles"].push_back(name);
  for (const auto& [name, each] : environment_->drivers)
    names["drivers"].push_back(name);
  call->is_answered = true;
  count_response(200);
  world_.doctor->examine(profile, driver,
                         [server = world_.server, id = call->request->id, names](Json answer) {
                           answer.update(names);
                           server->respond(id, json_response(answer));
                         });
}

void Gateway::show_network(const CallPtr& call) {
  if (!world_.doctor) return refuse(call, 503, "unavailable", "There is no doctor here.");
  auto network = world_.doctor->network();
  if (!call->who.is_operator())
    for (auto& server : network["iceServers"])
      for (const auto* secret : {"username", "credential"})
        server.erase(secret);
  answer(call, 200, network);
}

/// Answered on the reactor's thread, likewise.
void Gateway::test_network(const CallPtr& call) {
  if (!world_.doctor) return refuse(call, 503, "unavailable", "There is no doctor here.");
  const auto offer = from_base64(call->body["offer"].get<std::string>());
  if (!offer) return refuse(call, 422, "bad-field", "offer is no base64.", "offer");
  call->is_answered = true;
  world_.doctor->test_network(
      *offer, call->body["transport"].get<std::string>(),
      [server = world_.server, metrics = world_.metrics,
       id = call->request->id](const Result<std::string>& sdp) {
        auto response = sdp ? json_response({{"answer", *sdp}}) : refusal_of(sdp.error());
        metrics->count_response(response.status);
        server->respond(id, std::move(response));
      });
}

}  // namespace aerie
