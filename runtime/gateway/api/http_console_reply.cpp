#include "runtime/gateway/api/http_console_reply.hpp"

namespace aerie {
namespace {

HttpResponse head_of(std::string body) {
  HttpResponse head;
  head.content_type = "application/x-ndjson";
  // Proxies would gather what is meant to be seen at once.
  head.headers = {{"X-Accel-Buffering", "no"}};
  head.body = std::move(body);
  return head;
}

}  // namespace

HttpConsoleReply::HttpConsoleReply(std::shared_ptr<GatewayServer> server, std::uint64_t request,
                                   std::function<void()> finished)
    : server_(std::move(server)), request_(request), finished_(std::move(finished)) {}

HttpConsoleReply::~HttpConsoleReply() {
  end(CommandFault{1, "unavailable", "The console is being restarted.", "Ask again."});
}

void HttpConsoleReply::document(Json document) {
  say("document", std::move(document));
}

void HttpConsoleReply::item(Json item) {
  say("item", std::move(item));
}

void HttpConsoleReply::say(const char* what, Json json) {
  const auto line =
      Json{{what, std::move(json)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
  const std::lock_guard lock{mutex_};
  if (!is_ended_) text_ += line + "\n";
}

void HttpConsoleReply::flush() {
  const std::lock_guard lock{mutex_};
  if (!is_ended_ && !text_.empty()) pass_on();
}

void HttpConsoleReply::pause() {
  const std::lock_guard lock{mutex_};
  if (!is_ended_ && is_begun_) server_->write_stream(request_, "\n");
}

void HttpConsoleReply::end(std::optional<CommandFault> fault) {
  {
    const std::lock_guard lock{mutex_};
    if (is_ended_) return;
    const Json last{{"end", {{"fault", fault ? Json(*fault) : Json(nullptr)}}}};
    text_ += last.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    is_ended_ = true;
    if (is_begun_) {
      pass_on();
      server_->end_stream(request_);
    } else {
      server_->respond(request_, head_of(std::move(text_)));
    }
  }
  finished_();
}

void HttpConsoleReply::pass_on() {
  if (std::exchange(is_begun_, true))
    server_->write_stream(request_, std::exchange(text_, {}));
  else
    server_->begin_stream(request_, head_of(std::exchange(text_, {})));
}

}  // namespace aerie
