#include <algorithm>

#include "actors/session/session.hpp"

// The log-in: the agent in the guest works, this says what of it counts. A final state never
// changes; another try is another attempt.

namespace aerie {
namespace {

/// Beyond the agent's own deadline: past this one it is the guest that is silent.
constexpr Duration agent_slack{10'000};

constexpr int most_changes = 100;

Cause violation(const std::string& what) {
  return {CauseKind::link_violation,
          "What the guest says of its log-in can't be taken: " + what + ".",
          "Look at the log-in child's lines; a guest that lies is hostile or of another version.",
          {}};
}

}  // namespace

bool Session::is_login_under_way() const {
  return document_->login && !is_final(document_->login->state);
}

// -- the agent ------------------------------------------------------------------------------------

void Session::on_login_child(const link::ChildNews& news) {
  using enum link::ChildNewsKind;
  if (news.kind == ready) {
    login_work_->is_agent_ready = true;
    begin_login();
  } else if (news.kind == exited || news.kind == given_up) {
    const auto cause = news.exit ? cause_of(*news.exit)
                                 : news.cause.value_or(Cause{CauseKind::not_ready,
                                                             "The log-in agent was given up.",
                                                             "Look at its last lines.",
                                                             {}});
    lose_login_agent(cause);
  }
}

/// The agent is gone, or all of its guest.
void Session::lose_login_agent(const Cause& cause) {
  if (!login_work_) return;
  login_work_->is_agent_ready = false;
  // What the vault is writing down has come whole.
  if (is_login_under_way() && !login_work_->is_being_kept) enter_login(LoginState::failed, cause);
}

void Session::begin_login() {
  if (!is_login_under_way() || !login_work_->is_agent_ready) return;
  const auto attempt = document_->login->attempt;
  if (login_work_->begun == attempt) return;
  login_work_->begun = attempt;
  const auto provider = environment_->providers.find(document_->login->provider);
  if (provider == environment_->providers.end())
    return enter_login(
        LoginState::failed,
        Cause{CauseKind::exec_not_found,
              "There is no provider '" + document_->login->provider + "' any more.",
              "Put its file back where providers.path leads, and start the controller again.",
              {}});
  if (login_work_->ticket == 0) {  // else it goes on, with the time that is left
    const auto within = provider->second->within;
    document_.edit().login->until = environment_->wall() + within;
    login_work_->ticket = set_timer(within + agent_slack);
  }
  const auto& own_key = document_->credential_key;
  const auto key =
      own_key.empty() && environment_->vault ? environment_->vault->seal_key() : own_key;
  send(vm_, SendLogin{{attempt, *provider->second, key}});
  tell_login();
}

void Session::on_login_says(const VmLoginSays& says) {
  if (says.vm != document_->vm_id || !is_login_under_way() || login_work_->is_being_kept) return;
  if (const auto* news = std::get_if<link::LoginNews>(&says.words))
    on_login_news(*news);
  else
    take_credential_part(std::get<link::CredentialPart>(says.words));
}

void Session::on_login_news(const link::LoginNews& news) {
  if (news.attempt != document_->login->attempt) return;
  // Each change is written down; no tool has so many pages to sign in at.
  if (++login_work_->changes > most_changes)
    return enter_login(LoginState::failed, violation("its state changes without end"));
  switch (news.state) {
    case LoginState::starting:
      return;
    case LoginState::awaiting_user:
      if (document_->login->state == news.state && document_->login->url == news.url) return;
      document_.edit().login->url = news.url;
      return enter_login(news.state);
    case LoginState::authenticating:
      if (document_->login->state != news.state) enter_login(news.state);
      return;
    case LoginState::completed:
      return keep_credential();
    case LoginState::failed:
    case LoginState::timed_out:
    case LoginState::cancelled:
      return enter_login(news.state, news.cause);
  }
}

// -- the credential -------------------------------------------------------------------------------

void Session::take_credential_part(const link::CredentialPart& part) {
  if (part.attempt != document_->login->attempt) return;
  auto& work = *login_work_;
  if (part.file == 0 && part.part == 0) {  // perhaps told again, to another controller
    work.files.clear();
    work.bytes = 0;
  }
  work.bytes += part.sealed.size();
  if (work.bytes > link::max_credential_bytes)
    return enter_login(LoginState::failed, violation("the credential is too large"));
  if (part.file > work.files.size())
    return enter_login(LoginState::failed, violation("the credential's parts are out of order"));
  if (part.file == work.files.size()) work.files.push_back({part.name, part.bytes, {}});
  work.files[part.file].sealed += part.sealed;
}

/// `completed` is told once the credential is where no end of the guest takes it away.
void Session::keep_credential() {
  auto files = std::move(login_work_->files);
  login_work_->files.clear();
  if (files.empty()) return enter_login(LoginState::completed);
  if (!environment_->vault)
    return enter_login(LoginState::failed, Cause{CauseKind::store_failed,
                                                 "There is no vault to keep the credential in.",
                                                 "Look at the controller's log.",
                                                 {}});
  login_work_->is_being_kept = true;
  const auto& login = *document_->login;
  environment_->vault->keep(
      {document_->id, login.provider, !document_->credential_key.empty(), environment_->wall(),
       std::move(files)},
      [session = self(), attempt = login.attempt](std::optional<Cause> failure) {
        post(session, CredentialKept{attempt, std::move(failure)});
      });
}

void Session::on_credential_kept(const CredentialKept& kept) {
  login_work_->is_being_kept = false;
  if (!is_login_under_way() || kept.attempt != document_->login->attempt) {
    // Cancelled meanwhile: nobody is to have it.
    if (document_->login && document_->login->state != LoginState::completed)
      environment_->vault->forget(document_->id);
    return;
  }
  if (kept.failure) return enter_login(LoginState::failed, kept.failure);
  document_.edit().login->captured_at = environment_->wall();
  enter_login(LoginState::completed);
}

void Session::on_credential_handed_over() {
  if (!document_->login || document_->login->handed_over_at) return;
  document_.edit().login->handed_over_at = environment_->wall();
  tell_login();
  consider_again_after_login();
}

// -- the state ------------------------------------------------------------------------------------

void Session::enter_login(LoginState state, std::optional<Cause> cause) {
  if (!is_login_under_way()) return;
  auto& login = *document_.edit().login;
  login.state = state;
  if (cause) login.cause = std::move(cause);
  if (is_final(state)) {
    login.url.clear();
    login_work_->ticket = 0;
    login_work_->files.clear();
    login_work_->bytes = 0;
    login_work_->changes = 0;
  }
  tell_login();
  consider_again_after_login();
}

void Session::tell_login() {
  const auto keeps = login_keeps();
  document_.edit().login->keeps_until = keeps ? std::optional{keeps->first} : std::nullopt;
  broadcast(login_message());
  publish(event_of("login.state", event_data(*document_->login)));
}

Json Session::login_message() const {
  Json message = *document_->login;
  message["type"] = "login";
  return message;
}

void Session::on_login_deadline() {
  if (!is_login_under_way()) return;
  const Cause cause{CauseKind::deadline,
                    "The log-in was still " + std::string{to_string(document_->login->state)} +
                        " at its deadline, and its guest said nothing of it.",
                    "Try again; look at the log-in child's lines if it happens again.",
                    {}};
  record("deadline.passed", {{"state", to_string(document_->login->state)}, {"cause", cause}});
  if (vm_) send(vm_, SendLogin{{document_->login->attempt, std::nullopt, {}}});
  enter_login(LoginState::timed_out, cause);
}

LoginAnswer Session::cancel_login(const CancelLogin& wish) {
  if (!document_->login) return {};
  if (!is_login_under_way())
    return {document_->login,
            "The log-in is over: it is " + std::string{to_string(document_->login->state)} + "."};
  if (vm_) send(vm_, SendLogin{{document_->login->attempt, std::nullopt, {}}});
  enter_login(LoginState::cancelled, Cause{CauseKind::requested,
                                           "The log-in was cancelled by " + wish.by + ".",
                                           "Nothing has failed; try again to sign in.",
                                           {}});
  return {document_->login, std::nullopt};
}

LoginAnswer Session::retry_login(const RetryLogin&) {
  if (!document_->login) return {};
  if (is_login_under_way() || document_->login->state == LoginState::completed)
    return {document_->login, "The log-in is " + std::string{to_string(document_->login->state)} +
                                  ": there is nothing to try again."};
  if (document_->state != SessionState::starting && document_->state != SessionState::ready)
    return {document_->login,
            "The session is " + std::string{to_string(document_->state)} + ": start a new one."};
  LoginStatus next;
  next.provider = document_->login->provider;
  next.attempt = document_->login->attempt + 1;
  next.started_at = environment_->wall();
  const auto provider = environment_->providers.find(next.provider);
  next.until = next.started_at +
               (provider == environment_->providers.end() ? Duration{0} : provider->second->within);
  document_.edit().login = std::move(next);
  tell_login();
  begin_login();
  return {document_->login, std::nullopt};
}

/// Under the next controller. The agent is told once more: it knows which attempt it has begun.
void Session::go_on_with_login() {
  if (!login_work_ || !document_->login) return;
  if (is_login_under_way()) {
    const auto left = std::max(document_->login->until - environment_->wall(), Duration{0});
    login_work_->ticket = set_timer(left + agent_slack);
    const auto ready = std::any_of(document_->stages.begin(), document_->stages.end(),
                                   [](const auto& each) { return each.first == Stage::ready; });
    login_work_->is_agent_ready = ready;
    if (vm_) begin_login();
    // What is kept already was kept just before the controller ended, which had not written down
    // that the log-in was completed.
    if (environment_->vault)
      environment_->vault->describe(document_->id,
                                    [session = self(), attempt = document_->login->attempt](
                                        const std::optional<CredentialMetadata>& known) {
                                      if (!known) return;
                                      post(session, CredentialKept{attempt, std::nullopt});
                                      if (known->handed_over_at)
                                        post(session, CredentialHandedOver{});
                                    });
  } else if (document_->login->captured_at && !document_->login->handed_over_at &&
             environment_->vault) {
    // It may have gone out just before the controller ended.
    environment_->vault->describe(
        document_->id, [session = self()](const std::optional<CredentialMetadata>& known) {
          if (known && known->handed_over_at) post(session, CredentialHandedOver{});
        });
  }
}

// -- the negotiation ------------------------------------------------------------------------------

std::optional<std::pair<Instant, std::string>> Session::login_keeps() const {
  const auto& login = document_->login;
  if (!login) return std::nullopt;
  if (!is_final(login->state))
    return std::pair{login->until, std::string{"A log-in is under way."}};
  if (login->captured_at && !login->handed_over_at)
    return std::pair{*login->captured_at + environment_->settings.keep_credential,
                     std::string{"A credential waits for its owner to fetch it."}};
  return std::nullopt;
}

/// A log-in under way, or a credential that nobody fetched, is not thrown away.
bool Session::refuse_for_login(const Proposal& proposal) {
  const auto keeps = login_keeps();
  if (!keeps || keeps->first <= environment_->wall()) return false;
  login_work_->refused = proposal;
  remember();
  answer(proposal, RetireAnswer::keep, "session", keeps->second, keeps->first);
  broadcast(login_message());
  return true;
}

/// What was refused need not wait for the deadline.
void Session::consider_again_after_login() {
  if (!login_work_ || !login_work_->refused || login_keeps()) return;
  const Proposal proposal = *login_work_->refused;
  consider(proposal);
}

/// Who speaks for it over HTTP alone has no socket that shows that it is in use.
void Session::touch() {
  unwatched_since_ = environment_->wall();
  publish();
}

}  // namespace aerie
