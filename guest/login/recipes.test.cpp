#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "guest/login/trial.test.hpp"
#include "runtime/config/providers.hpp"
#include "runtime/config/shipped_files.hpp"

// The shipped recipes of tools that are not ours, with stand-ins under the tools' names: they want
// a terminal, put it into raw mode, ask it questions, wrap their addresses themselves, and leave
// what they leave only after their person has signed in (here: a file that the test makes).

namespace aerie::login {

namespace {

using testing::Trial;

const std::string wait = R"(until [ -e "$HOME/signed-in" ]; do sleep 0.05; done
)";

/// Draws with a library that needs a terminal in raw mode; opens a page that leads back to it, and
/// shows another one to be opened elsewhere.
const std::string claude = R"(#!/bin/sh
[ "$1 $2" = "auth login" ] || exit 64
[ -t 0 ] && [ -t 1 ] || { echo "Raw mode is not supported"; exit 1; }
stty raw -echo
printf '\033[?25l\033[2K\033[1G\033[1mOpening browser to sign in\033[22m\r\n'
printf 'If the browser did not open, visit:\r\n\r\n'
echo 'https://claude.ai/oauth/authorize?code=true&client_id=9d1c&response_type=code&redirect_uri=https%3A%2F%2Fplatform.claude.com%2Foauth%2Fcode%2Fcallback&scope=user%3Aprofile+user%3Ainference&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw&code_challenge_method=S256&state=elsewhere' | fold -w "$(tput cols)" | sed 's/$/\r/'
printf '\r\nPaste code here if prompted > '
"$BROWSER" 'https://claude.ai/oauth/authorize?code=true&redirect_uri=http%3A%2F%2Flocalhost%3A41234%2Fcallback&state=here'
)" + wait + R"(mkdir -p "$HOME/.claude"; umask 077
echo '{"claudeAiOauth":{"accessToken":"t"}}' > "$HOME/.claude/.credentials.json"
exec sleep 600
)";

/// Prints plainly, has a server on a fixed port, and opens its page by whatever desktop there is.
const std::string codex = R"(#!/bin/sh
[ "$1" = login ] || exit 64
echo 'Starting local login server on http://localhost:1455.'
echo 'If your browser did not open, navigate to this URL to authenticate:'
echo
echo 'https://auth.openai.com/oauth/authorize?response_type=code&client_id=app_E&redirect_uri=http%3A%2F%2Flocalhost%3A1455%2Fauth%2Fcallback&scope=openid%20profile%20email%20offline_access&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&state=s'
)" + wait + R"(mkdir -p "$HOME/.codex"
echo '{"tokens":{"access_token":"t"}}' > "$HOME/.codex/auth.json"
echo 'Successfully logged in'
)";

/// Takes the whole screen, asks the terminal what it is and where its cursor is, and hangs without
/// an answer.
const std::string gemini = R"(#!/bin/sh
[ "$GOOGLE_GENAI_USE_GCA" = true ] || exit 64
[ -t 0 ] && [ -t 1 ] || exit 1
stty raw -echo
printf '\033[?1049h\033[2J\033[H\033[?u\033[c'
head -c 3 > /dev/null
printf '\033[3;3H\033[6n'
until [ "$(head -c 1)" = R ];
do :; done
printf '\033[2;2HCode Assist login required.\033[3;2HAttempting to open authentication page in your browser.'
printf '\033[4;2HOtherwise navigate to:\033[6;1H'
printf 'https://accounts.google.com/o/oauth2/v2/auth?redirect_uri=http%%3A%%2F%%2Flocalhost%%3A45289%%2Foauth2callback&access_type=offline&scope=https%%3A%%2F%%2Fwww.googleapis.com%%2Fauth%%2Fcloud-platform&state=s&response_type=code&client_id=681255809395.apps.googleusercontent.com'
)" + wait + R"(mkdir -p "$HOME/.gemini"
printf '{"access_token":' > "$HOME/.gemini/oauth_creds.json"
sleep 0.1
printf '"t"}' >> "$HOME/.gemini/oauth_creds.json"
exec sleep 600
)";

}  // namespace

TEST_CASE("the recipes fit tools that behave like those they are for", "[login][provider]") {
  const auto providers = load_providers_from({shipped_folder("providers")});
  REQUIRE(providers);
  const auto [name, script, host, end] =
      GENERATE(table<std::string, std::string, std::string, std::string>({
          {"claude_code", claude, "https://claude.ai/oauth/authorize?", "&state=here"},
          {"codex", codex, "https://auth.openai.com/oauth/authorize?", "&state=s"},
          {"gemini_cli", gemini, "https://accounts.google.com/o/oauth2/v2/auth?",
           ".apps.googleusercontent.com"},
      }));
  CAPTURE(name);
  auto provider = *providers->at(name);
  // A machine on which the tests run may use the port itself.
  provider.callback_port.reset();
  const testing::TemporaryDirectory programs;
  const auto tool = programs.path() + "/" + provider.command.front();
  std::ofstream{tool} << script;
  std::filesystem::permissions(tool, std::filesystem::perms::owner_all);

  Trial trial{provider, programs.path()};
  auto address = trial.until(LoginState::awaiting_user).url;
  while (!address.ends_with(end))
    address = trial.until(LoginState::awaiting_user).url;
  CHECK(address.starts_with(host));
  CHECK(address.find_first_of(" \r\n") == std::string::npos);
  CHECK(trial.opened().back() == address);
  std::ofstream{trial.home() + "/signed-in"} << "";
  trial.until(LoginState::completed);
  CHECK(trial.parts() == 1);
}

}  // namespace aerie::login
