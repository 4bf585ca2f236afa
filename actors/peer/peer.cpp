#include "actors/peer/peer.hpp"

#include <algorithm>
#include <array>

namespace aerie {
namespace {

constexpr std::size_t max_errors = 10;
constexpr Duration error_window{60'000};
constexpr double messages_per_second = 200;
constexpr double messages_burst = 400;  // a trickle of candidates comes at once
constexpr std::size_t max_early = 64;
constexpr std::uint16_t close_restart =
    1012;  // "service restart": come again (RFC 6455's registry)

}  // namespace

Peer::Peer(caf::actor_config& config, EnvironmentPtr environment,
           std::shared_ptr<SocketPort> sockets, std::uint64_t socket)
    : Actor(config, "peer"),
      environment_(std::move(environment)),
      sockets_(std::move(sockets)),
      socket_(socket),
      allowance_(messages_burst) {}

Peer::Behavior Peer::make_behavior() {
  allowance_at_ = monotonic();
  set_down_handler([this](const caf::down_msg&) {
    if (phase_ == Phase::joined) close(close_restart, "the session's actor ended");
  });
  return {
      [this](const SocketText& message) { on_text(message.text); },
      [this](const SocketTooLarge&) {
        refuse({"too-large", "A message may have at most 65536 bytes.", ""});
      },
      [this](const SocketClosed&) { on_closed(); },
      [this](const Deliver& message) { deliver(message.message); },
      [this](const Hang& message) { close(message.code, message.reason); },
  };
}

void Peer::on_exit() {
  if (session_) demonitor(session_.address());
}

void Peer::on_closed() {
  phase_ = Phase::closing;
  // Whoever is being let in must be let out again, so the answer is awaited.
  is_socket_gone_ = true;
  if (is_join_pending_) return;
  if (session_) send(session_, ViewerGone{viewer_, self()});
  quit();
}

// -- what the client says -------------------------------------------------------------------------

void Peer::on_text(const std::string& text) {
  if (phase_ == Phase::closing) return;
  if (!admit_message())
    return refuse({"rate-limited", "More than 200 messages a second; this one was dropped.", ""});
  if (phase_ == Phase::joining) {
    if (early_.size() == max_early)
      return refuse({"rate-limited", "Too many messages before the welcome.", ""});
    early_.push_back(text);
    return;
  }
  auto parsed = signaling::parse_client_message(text);
  if (!parsed) return refuse(parsed.error());
  const auto* hello = std::get_if<signaling::Hello>(&*parsed);
  if (phase_ == Phase::joined) {
    send(session_, ViewerSays{viewer_, std::move(*parsed)});
  } else if (hello != nullptr) {
    on_hello(*hello);
  } else {
    refuse_hello({"protocol", "The first message must be hello.", "type"});
  }
}

void Peer::on_hello(const signaling::Hello& hello) {
  phase_ = Phase::joining;
  const auto digest = environment_->digest(hello.token);
  if (digest == environment_->operator_digest) return find_session(hello, true, true);
  request(environment_->directory.ledger(), caf::infinite, FindToken{digest})
      .then(
          [this, hello](const TokenFound& found) {
            if (found.session.empty())
              return refuse_hello(
                  {"unauthorized", "The token is unknown or has run out.", "token"});
            // Another's session is answered as if it did not exist.
            if (found.session != hello.session)
              return refuse_hello({"not-found", "There is no such session.", "session"});
            find_session(hello, false, found.use == TokenUse::session);
          },
          come_again());
}

void Peer::find_session(const signaling::Hello& hello, bool is_operator, bool may_host) {
  request(environment_->directory.node(), caf::infinite, FindSessionActor{hello.session})
      .then(
          [=, this](const SessionActorFound& found) {
            if (found.actor)
              join(found.actor, hello, is_operator, may_host);
            else
              welcome_to_the_ended(hello);
          },
          come_again());
}

std::function<void(const caf::error&)> Peer::come_again() {
  return [this](const caf::error&) {
    if (phase_ != Phase::closing) close(close_restart, "the controller is restarting");
  };
}

void Peer::join(const SessionActor& session, const signaling::Hello& hello, bool is_operator,
                bool may_host) {
  if (phase_ == Phase::closing) return;
  is_join_pending_ = true;
  request(session, caf::infinite, Join{hello, is_operator, may_host, self()})
      .then([this, session](const Joined& joined) { on_joined(session, joined); },
            [this, hello](const caf::error&) {
              is_join_pending_ = false;
              if (is_socket_gone_) return quit();
              welcome_to_the_ended(hello);
            });
}

void Peer::on_joined(const SessionActor& session, const Joined& joined) {
  is_join_pending_ = false;
  if (!joined.refusal) {
    session_ = session;
    viewer_ = joined.viewer;
    monitor(session_);
  }
  if (is_socket_gone_) return on_closed();
  if (joined.refusal) return refuse_hello(*joined.refusal);
  if (phase_ == Phase::closing) return;  // its close will tell the session
  phase_ = Phase::joined;
  for (const auto& text : std::exchange(early_, {}))
    on_text(text);
}

void Peer::welcome_to_the_ended(const signaling::Hello& hello) {
  request(environment_->directory.ledger(), caf::infinite, FindSession{hello.session})
      .then(
          [this, hello](const SessionFound& found) {
            if (!found.document)
              return refuse_hello({"not-found", "There is no such session.", "session"});
            if (phase_ == Phase::closing) return;
            const auto& document = *found.document;
            sockets_->admit(socket_);
            send_unnumbered({{"type", "welcome"},
                             {"session", document.id},
                             {"viewer", environment_->new_id()},
                             {"role", to_string(hello.role)},
                             {"resume", nullptr},
                             {"resumed", false},
                             {"state", to_string(document.state)},
                             {"iceServers", Json::array()},
                             {"display", nullptr}});
            const auto end = document.end.value_or(SessionEnd{"controller", "failed", {}});
            Json ended{{"type", "ended"}, {"by", end.by}, {"reason", end.reason}};
            if (document.cause) ended["cause"] = *document.cause;
            send_unnumbered(std::move(ended));
            close(signaling::close_normal, "ended");
          },
          come_again());
}

// -- what the client is told ----------------------------------------------------------------------

void Peer::deliver(const Json& message) {
  if (phase_ == Phase::closing) return;
  const auto& type = message.at("type").get_ref<const std::string&>();
  if (type == "welcome") sockets_->admit(socket_);
  sockets_->send(socket_, message.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (type == "error" &&
      signaling::counts_against_client(message.at("code").get_ref<const std::string&>()))
    count_error();
}

void Peer::refuse(signaling::Refusal refusal) {
  if (phase_ == Phase::joined) return send(session_, ViewerRefused{viewer_, std::move(refusal)});
  refuse_hello(std::move(refusal));
}

void Peer::refuse_hello(signaling::Refusal refusal) {
  if (phase_ == Phase::closing) return;
  send_unnumbered(signaling::to_message(refusal));
  close(signaling::close_policy, refusal.code);
}

void Peer::send_unnumbered(Json message) {
  message["seq"] = ++own_seq_;
  message["at"] = to_rfc3339(environment_->wall());
  sockets_->send(socket_, message.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void Peer::close(std::uint16_t code, const std::string& reason) {
  if (phase_ == Phase::closing) return;
  phase_ = Phase::closing;
  sockets_->close(socket_, code, reason);
}

// -- budgets --------------------------------------------------------------------------------------

bool Peer::admit_message() {
  const auto now = monotonic();
  const auto passed = std::chrono::duration<double>(now - allowance_at_).count();
  allowance_ = std::min(messages_burst, allowance_ + passed * messages_per_second);
  allowance_at_ = now;
  if (allowance_ < 1) return false;
  allowance_ -= 1;
  return true;
}

void Peer::count_error() {
  const auto now = monotonic();
  while (!errors_.empty() && now - errors_.front() >= error_window)
    errors_.pop_front();
  errors_.push_back(now);
  if (errors_.size() >= max_errors) close(signaling::close_policy, "ten errors within a minute");
}

Json Peer::describe() const {
  constexpr std::array<const char*, 4> phases{"greeting", "joining", "joined", "closing"};
  return {{"socket", socket_},
          {"phase", phases.at(static_cast<std::size_t>(phase_))},
          {"viewer", viewer_.empty() ? Json(nullptr) : Json(viewer_)},
          {"recentErrors", errors_.size()}};
}

}  // namespace aerie
