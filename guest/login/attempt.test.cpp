#include "guest/login/attempt.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>

#include "guest/login/trial.test.hpp"

// Stand-in tools, shell and Python scripts that behave as the known ones do, under the real agent.

namespace aerie::login {

namespace {

using testing::Trial;
using namespace std::chrono_literals;

/// A tool that knocks starts this very program by another name: then it is no test.
const bool is_test = [] {
  std::ifstream file{"/proc/self/cmdline"};
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(file, argument, '\0');)
    arguments.push_back(argument);
  if (!arguments.empty() && is_knocking(arguments.front()))
    std::_Exit(knock({arguments.begin() + 1, arguments.end()}));
  return true;
}();

Provider shell(const std::string& script) {
  Provider provider;
  provider.name = "demo";
  provider.command = {"sh", "-c", script};
  provider.url = R"((https?://\S+))";
  provider.files = {"~/auth.json"};
  provider.within = 60s;
  return provider;
}

/// Ends a script: waits to be ended.
const std::string stay = "; exec sleep 600";
const std::string done = "; echo '{\"token\":\"t\"}' > $HOME/auth.json; exec sleep 600";

}  // namespace

TEST_CASE("an attempt goes from the address to the file", "[login]") {
  Trial trial{shell("echo 'Open https://id.example/a?b=c'; read line" + done)};
  CHECK(trial.next().state == LoginState::starting);
  const auto awaiting = trial.next();
  CHECK(awaiting.state == LoginState::awaiting_user);
  CHECK(awaiting.url == "https://id.example/a?b=c");
  CHECK(trial.opened() == std::vector<std::string>{"https://id.example/a?b=c"});
  std::ofstream{trial.home() + "/auth.json"} << "{\"token\":";
  CHECK(trial.next().state == LoginState::authenticating);
  std::ofstream{trial.home() + "/auth.json"} << "{\"token\":\"t\"}";
  CHECK(trial.next().state == LoginState::completed);
  CHECK(trial.parts() == 1);
}

TEST_CASE("a tool has a terminal, which it may ask where its cursor is", "[login]") {
  // As the tools do that draw: no terminal or no answer, no address.
  Trial trial{
      shell("[ -t 0 ] && [ -t 1 ] && stty raw -echo; printf '\\033[6n'; "
            "answer=$(dd bs=1 count=6 2>/dev/null); stty sane; "
            "case $answer in *'[1;1R') echo https://id.example/ok;; "
            "*) echo wrong; exit 3;; esac" +
            stay)};
  CHECK(trial.until(LoginState::awaiting_user).url == "https://id.example/ok");
}

TEST_CASE("an address that a tool wraps is opened whole", "[login]") {
  const std::string address = "https://id.example/" + std::string(700, 'a') + "?end=1";
  const std::string how = GENERATE("fold -w 80", "fold -w $(tput cols)", "cat");
  Trial trial{shell("echo " + address + " | " + how + "; echo; echo waiting" + stay)};
  CHECK(trial.until(LoginState::awaiting_user).url == address);
}

TEST_CASE("an address that comes in pieces is opened whole", "[login]") {
  Trial trial{
      shell("printf https://id.example/fir; sleep 0.1; printf 'st?a=1'; sleep 0.1; "
            "printf '&b=2'" +
            stay)};
  CHECK(trial.until(LoginState::awaiting_user).url == "https://id.example/first?a=1&b=2");
  CHECK(trial.opened().size() == 1);
}

TEST_CASE("a full screen is read between its escape codes", "[login]") {
  Trial trial{
      shell("printf '\\033[?1049h\\033[2J\\033[3;5H\\033[1mSign in\\033[0m\\033[5;5H"
            "\\033[4mhttps://id.example/\\033[0m\\033[4mpage\\033[0m\\033[20;1Hq: quit'" +
            stay)};
  CHECK(trial.until(LoginState::awaiting_user).url == "https://id.example/page");
}

TEST_CASE("a tool opens its page by BROWSER or xdg-open", "[login]") {
  const std::string how = GENERATE("\"$BROWSER\"", "xdg-open");
  REQUIRE(is_test);
  Trial trial{shell("echo not-for-us https://id.example/shown; " + how +
                    " https://id.example/opened" + stay)};
  auto provider_says = trial.until(LoginState::awaiting_user).url;
  if (provider_says != "https://id.example/opened")
    provider_says = trial.until(LoginState::awaiting_user).url;
  CHECK(provider_says == "https://id.example/opened");
}

TEST_CASE("a tool without a terminal is read too", "[login]") {
  auto provider = shell("[ -t 1 ] && exit 4; echo one; echo https://id.example/pipe" + stay);
  provider.tty = false;
  Trial trial{std::move(provider)};
  CHECK(trial.until(LoginState::awaiting_user).url == "https://id.example/pipe");
}

TEST_CASE("a callback that shows leads to authenticating, a line may be the end", "[login]") {
  auto provider =
      shell("echo https://id.example/; echo came back; sleep 0.5; echo all done" + stay);
  provider.callback_line = "came back";
  provider.files.clear();
  provider.line = "all done";
  Trial trial{std::move(provider)};
  trial.until(LoginState::completed);
  CHECK(trial.parts() == 0);
}

TEST_CASE("a tool that ends without a credential has failed", "[login]") {
  const auto [script, kind, words] = GENERATE(table<std::string, CauseKind, std::string>({
      {"echo no network; exit 3", CauseKind::exit_code, "3"},
      {"kill -SEGV $$", CauseKind::signal, "SIGSEGV"},
      {"true", CauseKind::exit_code, "~/auth.json"},
      {"echo https://id.example/; kill -9 $$", CauseKind::signal, "SIGKILL"},
  }));
  CAPTURE(script);
  Trial trial{shell(script)};
  auto news = trial.next();
  while (!is_final(news.state))
    news = trial.next();
  REQUIRE(news.state == LoginState::failed);
  REQUIRE(news.cause);
  CHECK(news.cause->kind == kind);
  CHECK_THAT(news.cause->message, Catch::Contains(words));
  if (script.starts_with("echo no"))
    CHECK_THAT(news.cause->evidence, Catch::VectorContains(std::string{"no network"}));
}

TEST_CASE("a tool that is not there is named before it is started", "[login]") {
  auto provider = shell("");
  provider.command = {"no-such-tool-anywhere"};
  Trial trial{std::move(provider)};
  CHECK(trial.next().state == LoginState::starting);
  const auto news = trial.next();
  CHECK(news.state == LoginState::failed);
  CHECK(news.cause->kind == CauseKind::exec_not_found);
  CHECK_THAT(news.cause->message, Catch::Contains("no-such-tool-anywhere"));
}

TEST_CASE("a fixed callback port that is taken is named", "[login]") {
  const UniqueFd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener.get(), generic, size) == 0);
  REQUIRE(::listen(listener.get(), 1) == 0);
  REQUIRE(::getsockname(listener.get(), generic, &size) == 0);
  auto provider = shell("echo never");
  provider.callback_port = ntohs(address.sin_port);
  Trial trial{std::move(provider)};
  CHECK(trial.next().state == LoginState::starting);
  const auto news = trial.next();
  CHECK(news.state == LoginState::failed);
  CHECK(news.cause->kind == CauseKind::port_in_use);
  CHECK_THAT(news.cause->message, Catch::Contains(std::to_string(ntohs(address.sin_port))));
}

TEST_CASE("an attempt ends at its time, or when it is cancelled", "[login]") {
  auto provider = shell("echo https://id.example/" + stay);
  provider.within = 1s;
  Trial late{provider};
  auto news = late.next();
  while (!is_final(news.state))
    news = late.next();
  CHECK(news.state == LoginState::timed_out);
  CHECK(news.cause->kind == CauseKind::deadline);

  Trial cancelled{shell("echo https://id.example/" + stay)};
  cancelled.until(LoginState::awaiting_user);
  cancelled.cancel();
  CHECK(cancelled.next().state == LoginState::cancelled);
}

TEST_CASE("what a tool shows last is told without what may be secret", "[login]") {
  Trial trial{shell("echo token eyJhbGciOiJub25lIn0.0123456789; echo oops; exit 1")};
  auto news = trial.next();
  while (!is_final(news.state))
    news = trial.next();
  for (const auto& line : news.cause->evidence)
    CHECK(line.find("eyJ") == std::string::npos);
  CHECK_THAT(news.cause->evidence, Catch::VectorContains(std::string{"oops"}));
}

}  // namespace aerie::login
