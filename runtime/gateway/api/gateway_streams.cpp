#include "runtime/gateway/api/event_text.hpp"
#include "runtime/gateway/api/gateway.hpp"

namespace aerie {

namespace {

constexpr Duration comment_every{15'000};

HttpResponse stream_head(std::string content_type) {
  HttpResponse head;
  head.content_type = std::move(content_type);
  // Proxies would gather what is meant to be seen at once.
  head.headers = {{"X-Accel-Buffering", "no"}};
  return head;
}

HttpResponse no_console(const std::string& driver) {
  return error_response(404, "not-found",
                        "A guest under the driver '" + driver + "' has no serial console.");
}

}  // namespace

// -- events ---------------------------------------------------------------------------------------

void Gateway::follow_events(const CallPtr& call) {
  const auto id = call->request->id;
  if (call->request->method == "HEAD") {
    return send_response(call, stream_head("text/event-stream"));
  }
  event_readers_[id];
  if (event_readers_.size() + commands_.size() == 1) expect_comments();
  const auto reader = caf::actor_cast<EventReaderActor>(self());
  request(environment_->directory.ledger(), caf::infinite,
          Subscribe{reader, id, begin_of(*call->request), call->who.session})
      .then(
          [=, this](const Subscribed& subscribed) {
            call->is_answered = true;
            on_subscribed(id, subscribed);
          },
          [=, this](const caf::error& error) {
            event_readers_.erase(id);
            unanswered(call)(error);
          });
}

void Gateway::on_subscribed(std::uint64_t id, const Subscribed& subscribed) {
  const auto found = event_readers_.find(id);
  if (found == event_readers_.end()) return;
  auto& reader = found->second;
  reader.is_begun = true;
  count_response(200);
  auto head = stream_head("text/event-stream");
  head.body = comment_text;
  if (subscribed.gap) head.body += gap_text(*subscribed.gap);
  head.body += std::exchange(reader.early, {});
  world_.server->begin_stream(id, std::move(head));
}

void Gateway::on_recorded(const Recorded& recorded) {
  const auto found = event_readers_.find(recorded.reader);
  if (found == event_readers_.end()) return;
  auto text = event_text(*recorded.event);
  if (found->second.is_begun)
    world_.server->write_stream(recorded.reader, std::move(text));
  else
    found->second.early += text;
}

void Gateway::comment_on_streams() {
  for (const auto& [id, reader] : event_readers_) {
    if (reader.is_begun) world_.server->write_stream(id, comment_text);
  }
  for (const auto& [id, weak] : commands_)
    if (const auto command = weak.lock()) command->pause();
  expect_comments();
}

void Gateway::expect_comments() {
  if (event_readers_.size() + commands_.size() > 0)
    send_later(comment_every, GatewayTimer{++comment_ticket_});
}

// -- logs -----------------------------------------------------------------------------------------

void Gateway::read_logs(const CallPtr& call) {
  with_document(call, [=, this](const SessionDocument&) { start_logs(call); });
}

void Gateway::start_logs(const CallPtr& call) {
  LogQuery query;
  query.session = call->parameter("id");
  query.child = call->query("child");
  query.jsonl = call->query("format") == "jsonl";
  if (const auto tail = call->query("tail"); !tail.empty()) query.tail = std::stoul(tail);
  const auto id = call->request->id;
  const auto server = world_.server;
  const auto follow = call->query("follow");
  auto head = stream_head("text/plain; charset=utf-8");
  count_response(200);
  call->is_answered = true;
  const bool follows = (follow == "true" || follow == "1") && call->request->method != "HEAD";
  if (!follows) {
    return world_.logs->read(std::move(query), [=](std::string text, bool) {
      auto response = head;
      response.body = std::move(text);
      server->respond(id, std::move(response));
    });
  }
  server->begin_stream(id, std::move(head));
  // The reader may outlive this actor by one callback: a weak address, so that it keeps none alive.
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(self());
  log_followers_[id] = world_.logs->follow(std::move(query), [=](std::string text, bool is_end) {
    server->write_stream(id, std::move(text));
    if (!is_end) return;
    server->end_stream(id);
    if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak)) {
      post(caf::actor_cast<GatewayActor>(strong), HttpGone{id});
    }
  });
}

// -- consoles -------------------------------------------------------------------------------------

/// Of a guest that is gone its session's tombstone has it.
void Gateway::read_console(const CallPtr& call) {
  with_vm(call, [=, this](const VmFound& found) {
    ConsoleQuery query{call->parameter("id"), found.session, {}};
    if (const auto tail = call->query("tail"); !tail.empty()) query.tail = std::stoul(tail);
    const auto driver = found.document ? found.document->driver : found.session->driver;
    call->is_answered = true;
    const auto follow = call->query("follow");
    const bool follows = (follow == "true" || follow == "1") && call->request->method != "HEAD";
    const bool lives = found.document && found.document->state != VmState::stopped &&
                       found.document->state != VmState::failed;
    if (follows && lives) return follow_console(call, std::move(query), driver);
    // Answered on the disk's thread: this actor may be gone by then.
    world_.logs->read_console(std::move(query), [server = world_.server, id = call->request->id,
                                                 driver](std::optional<std::string> text) {
      if (!text) return server->respond(id, no_console(driver));
      HttpResponse response;
      response.content_type = "text/plain; charset=utf-8";
      response.body = *std::move(text);
      server->respond(id, std::move(response));
    });
  });
}

void Gateway::follow_console(const CallPtr& call, ConsoleQuery query, const std::string& driver) {
  const auto id = call->request->id;
  const auto weak = caf::actor_cast<caf::weak_actor_ptr>(self());
  log_followers_[id] = world_.logs->follow_console(
      std::move(query), [=, server = world_.server, is_begun = false](
                            std::optional<std::string> text, bool is_end) mutable {
        if (!text) {
          server->respond(id, no_console(driver));
        } else {
          if (!std::exchange(is_begun, true))
            server->begin_stream(id, stream_head("text/plain; charset=utf-8"));
          server->write_stream(id, *std::move(text));
          if (is_end) server->end_stream(id);
        }
        if (!is_end) return;
        if (const auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
          post(caf::actor_cast<GatewayActor>(strong), HttpGone{id});
      });
}

// -- readers that leave ---------------------------------------------------------------------------

void Gateway::on_gone(std::uint64_t id) {
  if (event_readers_.erase(id) != 0) {
    send(environment_->directory.ledger(),
         Unsubscribe{caf::actor_cast<EventReaderActor>(self()), id});
  }
  if (const auto command = commands_.find(id); command != commands_.end()) {
    stop_command(command->second);
    commands_.erase(command);
  }
  const auto follower = log_followers_.find(id);
  if (follower == log_followers_.end()) return;
  world_.logs->unfollow(follower->second);
  log_followers_.erase(follower);
}

}  // namespace aerie
