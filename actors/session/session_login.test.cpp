#include <catch2/catch.hpp>

#include "actors/session/session.hpp"
#include "actors/session/session_fixture.test.hpp"

namespace aerie::testing {

namespace {

/// Keeps credentials at once, or on command.
class FakeVault final : public CredentialStore {
 public:
  [[nodiscard]] std::string seal_key() const override { return "vault's key"; }
  void keep(SealedCredential credential, Kept done) override {
    kept.push_back(std::move(credential));
    if (is_automatic)
      done(failure);
    else
      waiting.push_back(std::move(done));
  }
  void take(const std::string&, Instant, Taken done) override { done({}); }
  void describe(const std::string&, Described done) override { done(std::nullopt); }
  void forget(const std::string& session) override { forgotten.push_back(session); }

  bool is_automatic = true;
  std::optional<Cause> failure;
  std::vector<SealedCredential> kept;
  std::vector<Kept> waiting;
  std::vector<std::string> forgotten;
};

struct LoginFixture : SessionFixture {
  LoginFixture() {
    environment->vault = vault;
    environment->settings.start_within = Duration{600'000};  // not what ends these sessions
    Provider provider;
    provider.name = "demo";
    provider.command = {"demo"};
    provider.url = "(.*)";
    provider.files = {"~/auth.json"};
    provider.within = Duration{60'000};
    environment->providers["demo"] = provider;
    ChildSpec agent;
    agent.name = "login";
    agent.builtin = Builtin::login;
    profile.children.push_back(agent);
    SessionDocument wanted;
    wanted.id = "login-session";
    wanted.vm_id = "vm";
    wanted.created_at = environment->wall();
    wanted.idle = Duration{600'000};
    wanted.max = Duration{28'800'000};
    LoginStatus login;
    login.provider = "demo";
    login.started_at = wanted.created_at;
    login.until = wanted.created_at + provider.within;
    wanted.login = login;
    ask<Saved>(environment->directory.ledger(),
               SaveSession{std::make_shared<const SessionDocument>(wanted)});
    session = keep(SessionActor{system.system().spawn<Session>(
        environment, wanted, SharedValue<Profile>{profile}, profile.display, vm)});
    run();
  }

  void agent_is_ready() {
    tell(session, VmChildNews{"vm", child_news(link::ChildNewsKind::ready, "login")});
  }
  void says(LoginState state, const std::string& url = "", std::optional<Cause> cause = {},
            std::uint64_t attempt = 1) {
    tell(session, VmLoginSays{"vm", link::LoginNews{attempt, state, url, std::move(cause)}});
  }
  void leaves(const std::string& sealed, std::size_t part = 0, std::size_t file = 0) {
    tell(session, VmLoginSays{"vm", link::CredentialPart{1, part, file, "~/auth.json", 2, sealed}});
  }
  void completes() {
    agent_is_ready();
    leaves("c2VhbGVk");
    says(LoginState::completed);
  }
  LoginStatus login() { return *document("login-session")->login; }
  [[nodiscard]] std::vector<link::LoginOrder> orders() const {
    std::vector<link::LoginOrder> all;
    for (const auto& each : vm_heard->all<SendLogin>())
      all.push_back(each.order);
    return all;
  }
  [[nodiscard]] std::optional<RetireAnswered> last_answer() const {
    const auto all = reaper->all<RetireAnswered>();
    return all.empty() ? std::nullopt : std::optional{all.back()};
  }

  std::shared_ptr<FakeVault> vault = std::make_shared<FakeVault>();
};

}  // namespace

TEST_CASE_METHOD(LoginFixture, "a log-in begins when its agent is ready", "[session][login]") {
  CHECK(orders().empty());
  agent_is_ready();
  REQUIRE(orders().size() == 1);
  CHECK(orders()[0].attempt == 1);
  CHECK(orders()[0].provider->name == "demo");
  CHECK(orders()[0].seal_key == "vault's key");
  agent_is_ready();
  CHECK(orders().size() == 1);
}

TEST_CASE_METHOD(LoginFixture, "a log-in's states are in document, events and messages",
                 "[session][login]") {
  const auto viewer = join(ViewerRole::host);
  CHECK(viewer.last("login")["state"] == "starting");
  agent_is_ready();
  says(LoginState::awaiting_user, "https://id.example/secret-of-env");
  CHECK(login().state == LoginState::awaiting_user);
  CHECK(viewer.last("login")["url"] == "https://id.example/secret-of-env");
  CHECK(viewer.last("login")["provider"] == "demo");
  CHECK_FALSE(events("login.state").back()->data.contains("url"));
  says(LoginState::authenticating);
  CHECK(events("login.state").back()->data["state"] == "authenticating");
  says(LoginState::failed, "", some_cause(CauseKind::exit_code, "demo exited with 3."));
  CHECK(login().cause->message == "demo exited with 3.");
  CHECK(login().url.empty());
  CHECK_FALSE(login().keeps_until);
}

TEST_CASE_METHOD(LoginFixture, "completed is told once the credential is kept",
                 "[session][login]") {
  vault->is_automatic = false;
  agent_is_ready();
  leaves("Zmly", 0);
  leaves("c3Q=", 1);
  says(LoginState::completed);
  CHECK(login().state != LoginState::completed);
  REQUIRE(vault->kept.size() == 1);
  CHECK(vault->kept[0].files[0].sealed == "Zmlyc3Q=");
  CHECK_FALSE(vault->kept[0].is_owner_sealed);
  vault->waiting[0](std::nullopt);
  run();
  CHECK(login().state == LoginState::completed);
  CHECK(login().captured_at);
}

TEST_CASE_METHOD(LoginFixture, "a final state never changes", "[session][login]") {
  completes();
  REQUIRE(login().state == LoginState::completed);
  says(LoginState::failed, "", some_cause(CauseKind::signal));
  says(LoginState::awaiting_user, "https://id.example/");
  tell(session, VmChildNews{"vm", [] {
                              auto news = child_news(link::ChildNewsKind::exited, "login");
                              news.exit = exit_of("login", CauseKind::signal);
                              return news;
                            }()});
  finish(CauseKind::vmm_exited);
  CHECK(login().state == LoginState::completed);
  CHECK(ask<LoginAnswer>(session, CancelLogin{"owner"}).refusal);
  CHECK(ask<LoginAnswer>(session, RetryLogin{"owner"}).refusal);
  CHECK(login().state == LoginState::completed);
}

TEST_CASE_METHOD(LoginFixture, "what was lost on its way to disk is no completed log-in",
                 "[session][login]") {
  vault->failure = some_cause(CauseKind::disk_full, "The disk is full.");
  completes();
  CHECK(login().state == LoginState::failed);
  CHECK(login().cause->kind == CauseKind::disk_full);
}

TEST_CASE_METHOD(LoginFixture, "parts that don't fit are a lie", "[session][login]") {
  agent_is_ready();
  SECTION("too large") {
    for (std::size_t part = 0; part < 20; ++part)
      leaves(std::string(30'000, 'a'), part);
  }
  SECTION("out of order") {
    leaves("aaaa", 0, 3);
  }
  CHECK(login().state == LoginState::failed);
  CHECK(login().cause->kind == CauseKind::link_violation);
  CHECK(vault->kept.empty());
}

TEST_CASE_METHOD(LoginFixture, "an agent or guest that ends takes its log-in along, with the cause",
                 "[session][login]") {
  agent_is_ready();
  says(LoginState::awaiting_user, "https://id.example/");
  SECTION("the agent") {
    auto news = child_news(link::ChildNewsKind::exited, "login");
    news.exit = exit_of("login", CauseKind::signal);
    tell(session, VmChildNews{"vm", news});
    CHECK(login().cause->kind == CauseKind::signal);
  }
  SECTION("the guest") {
    finish(CauseKind::vmm_exited, "vm", "The guest is gone.");
    CHECK(login().cause->message == "The guest is gone.");
  }
  CHECK(login().state == LoginState::failed);
}

TEST_CASE_METHOD(LoginFixture, "another try is another attempt", "[session][login]") {
  agent_is_ready();
  const auto cancelled = ask<LoginAnswer>(session, CancelLogin{"owner"});
  CHECK(cancelled.login->state == LoginState::cancelled);
  CHECK_FALSE(orders().back().provider);
  const auto again = ask<LoginAnswer>(session, RetryLogin{"owner"});
  CHECK(again.login->attempt == 2);
  CHECK(orders().back().attempt == 2);
  CHECK(orders().back().provider);
  // What the first one still says is nobody's.
  says(LoginState::failed, "", {}, 1);
  CHECK(login().state == LoginState::starting);
  says(LoginState::awaiting_user, "https://id.example/", {}, 2);
  CHECK(login().state == LoginState::awaiting_user);
  CHECK(ask<LoginAnswer>(session, RetryLogin{"owner"}).refusal);
}

TEST_CASE_METHOD(LoginFixture, "a silent guest's log-in is timed out", "[session][login]") {
  agent_is_ready();
  says(LoginState::awaiting_user, "https://id.example/");
  advance(Duration{80'000});
  CHECK(login().state == LoginState::timed_out);
  CHECK(login().cause->kind == CauseKind::deadline);
}

TEST_CASE_METHOD(LoginFixture, "a log-in under way refuses retirement until its deadline",
                 "[session][login]") {
  become_ready();
  agent_is_ready();
  const auto until = login().until;
  propose();
  REQUIRE(last_answer());
  CHECK(last_answer()->answer == RetireAnswer::keep);
  CHECK(last_answer()->who == "session");
  CHECK_THAT(last_answer()->why, Catch::Contains("log-in"));
  CHECK(last_answer()->until == until);

  // Its end is not waited for: what was refused is considered again.
  says(LoginState::failed, "", some_cause(CauseKind::exit_code));
  CHECK(last_answer()->answer == RetireAnswer::grant);
  CHECK(login().state == LoginState::failed);
}

TEST_CASE_METHOD(LoginFixture, "a credential that nobody fetched keeps its session",
                 "[session][login]") {
  become_ready();
  completes();
  CHECK(login().keeps_until == *login().captured_at + environment->settings.keep_credential);
  propose();
  CHECK(last_answer()->answer == RetireAnswer::keep);
  tell(session, CredentialHandedOver{});
  CHECK(last_answer()->answer == RetireAnswer::grant);
  CHECK(login().handed_over_at);
  CHECK(login().state == LoginState::completed);
}

TEST_CASE_METHOD(LoginFixture, "force ends a log-in, and says so", "[session][login]") {
  become_ready();
  agent_is_ready();
  propose(true);
  CHECK(last_answer()->answer == RetireAnswer::grant);
  CHECK(login().state == LoginState::cancelled);
  CHECK(login().cause->kind == CauseKind::requested);
}

}  // namespace aerie::testing
