#include "runtime/gateway/api/gateway.hpp"

// A picture of what a session's guest shows, for who does not watch.

namespace aerie {
namespace {

int status_of(const std::string& code) {
  if (code == "stream-not-up") return 409;
  return code == "rate-limited" ? 429 : 503;
}

}  // namespace

void Gateway::take_screenshot(const CallPtr& call) {
  with_session_actor(call, [=, this](const SessionActor& session) {
    request(session, caf::infinite, TakeScreenshot{})
        .then([=, this](const ScreenshotTaken& taken) { show_screenshot(call, taken); },
              unanswered(call));
  });
}

void Gateway::show_screenshot(const CallPtr& call, const ScreenshotTaken& taken) {
  if (!taken.png) {
    const auto& refusal = *taken.refusal;
    auto response = error_response(status_of(refusal.code), refusal.code, refusal.message);
    if (response.status == 429) response.headers.emplace_back("Retry-After", "1");
    return send_response(call, std::move(response));
  }
  HttpResponse response;
  response.content_type = "image/png";
  response.body = *taken.png;
  send_response(call, std::move(response));
}

}  // namespace aerie
