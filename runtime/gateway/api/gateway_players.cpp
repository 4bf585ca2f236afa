#include <algorithm>
#include <array>

#include "actors/player/ice_fragment.hpp"
#include "messages/frame.hpp"
#include "runtime/gateway/api/gateway.hpp"
#include "runtime/gateway/api/ice_links.hpp"

// Watching by WHEP (draft-ietf-wish-whep; PATCH, ETag and Link as in RFC 9725).

namespace aerie {
namespace {

/// The offer goes to the guest in one frame, with words around it.
constexpr std::size_t longest_offer = max_frame_bytes - 4 * 1024;

struct Refused {
  std::string_view code;
  int status;
  int retry_after_s;  ///< 0: there is no use in it
};

constexpr std::array refusals{
    Refused{"bad-offer", 400, 0},      Refused{"not-found", 404, 0},
    Refused{"not-acceptable", 406, 0}, Refused{"conflict", 409, 0},
    Refused{"stream-not-up", 409, 1},  Refused{"no-restart", 422, 0},
    Refused{"quota", 429, 5},          Refused{"unavailable", 503, 1},
};

std::string etag_of(const std::string& resource) {
  return "\"" + resource + "\"";
}

}  // namespace

void Gateway::open_player(const CallPtr& call) {
  const auto& offer = call->request->body;
  if (!offer.starts_with("v=0"))
    return refuse_player(call, {"bad-offer", "The body is no session description.", ""});
  // Escaped, as it travels on.
  if (Json(offer).dump(-1, ' ', false, Json::error_handler_t::replace).size() > longest_offer)
    return refuse(call, 413, "too-large", "The offer is too long.");
  with_session_actor(call, [=, this](const SessionActor& session) {
    request(session, caf::infinite, OpenPlayer{call->request->body, call->who.is_operator()})
        .then([=, this](const PlayerOpened& opened) { show_player(call, opened); },
              unanswered(call));
  });
}

void Gateway::show_player(const CallPtr& call, const PlayerOpened& opened) {
  if (opened.refusal) return refuse_player(call, *opened.refusal);
  HttpResponse response;
  response.status = 201;
  response.content_type = "application/sdp";
  response.body = opened.answer;
  response.headers = {
      {"Location", world_.public_url + "/whep/" + call->parameter("id") + "/" + opened.resource},
      {"ETag", etag_of(opened.resource)},
      {"Accept-Patch", "application/trickle-ice-sdpfrag"}};
  for (auto& link : ice_links(environment_->settings.ice_servers))
    response.headers.emplace_back("Link", std::move(link));
  send_response(call, std::move(response));
}

/// `If-Match` is not insisted on: there is one ICE session, and known players do not send it.
void Gateway::add_candidates(const CallPtr& call) {
  const auto& resource = call->parameter("player");
  const auto match = find_pair(call->request->headers, "if-match").value_or("*");
  if (match != "*" && match.find(etag_of(resource)) == std::string_view::npos)
    return refuse(call, 412, "precondition-failed", "There is no such ICE session.", "If-Match");
  auto fragment = parse_ice_fragment(call->request->body);
  if (!fragment) return refuse(call, 400, "bad-fragment", fragment.error());
  const PlayerCandidates message{resource, fragment->ufrag, fragment->candidates};
  with_session_actor(call, [=, this](const SessionActor& session) {
    request(session, caf::infinite, message)
        .then(
            [=, this](const PlayerAnswer& answer) {
              if (answer.refusal) return refuse_player(call, *answer.refusal);
              send_response(call, {204, {}, {}, {}});
            },
            unanswered(call));
  });
}

void Gateway::close_player(const CallPtr& call) {
  with_session_actor(call, [=, this](const SessionActor& session) {
    request(session, caf::infinite, ClosePlayer{call->parameter("player")})
        .then(
            [=, this](const PlayerAnswer& closed) {
              if (closed.refusal) return refuse_player(call, *closed.refusal);
              answer(call, 200, {{"success", true}});
            },
            unanswered(call));
  });
}

void Gateway::refuse_player(const CallPtr& call, const signaling::Refusal& refusal) {
  const auto* const found =
      std::find_if(refusals.begin(), refusals.end(),
                   [&](const Refused& each) { return each.code == refusal.code; });
  // The code of a peer that was lost is the guest's.
  const auto& as = found == refusals.end() ? refusals.back() : *found;
  auto response = error_response(as.status, as.code, refusal.message);
  if (as.retry_after_s > 0) {
    auto body = Json::parse(response.body);
    body["error"]["retryAfterMs"] = as.retry_after_s * 1000;
    response.body = body.dump();
    response.headers.emplace_back("Retry-After", std::to_string(as.retry_after_s));
  }
  send_response(call, std::move(response));
}

}  // namespace aerie
