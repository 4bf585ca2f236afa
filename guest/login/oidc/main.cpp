// aerie-oidc: signs in to an OpenID provider and leaves its tokens in a file; a command-line client
// like many, for trying the log-in out.

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/login/oidc/client.hpp"
#include "runtime/process/unique_fd.hpp"

namespace {

namespace fs = std::filesystem;

/// As other tools do: the browser that is named, and no word if it does not start.
void open_browser(const std::string& url) {
  const char* browser = std::getenv("BROWSER");
  if (browser == nullptr || *browser == '\0') return;
  std::string program{browser};
  std::string address{url};
  char* arguments[] = {program.data(), address.data(), nullptr};
  pid_t pid = -1;
  if (::posix_spawnp(&pid, program.c_str(), nullptr, nullptr, arguments, environ) == 0)
    ::waitpid(pid, nullptr, 0);
}

int fail(const std::string& what, const std::string& remedy) {
  std::fprintf(stderr, "%s\n%s\n", what.c_str(), remedy.c_str());
  return 1;
}

/// Whole or not at all, and for nobody else.
int write_token(const std::string& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(fs::path{path}.parent_path(), error);
  const auto fresh = path + ".new";
  ::unlink(fresh.c_str());
  const aerie::UniqueFd file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  const auto written = file ? ::write(file.get(), text.data(), text.size()) : -1;
  if (written != static_cast<ssize_t>(text.size()) || ::fsync(file.get()) != 0 ||
      ::rename(fresh.c_str(), path.c_str()) != 0)
    return fail(path + " could not be written: " + std::strerror(errno) + ".",
                "Free space, or choose another file.");
  return 0;
}

int log_in(const aerie::oidc::Wish& wish, const std::string& path) {
  const auto token =
      aerie::oidc::sign_in(wish, {[](const std::string& url, const std::string& code) {
                                    open_browser(url);
                                    std::printf("Open this page to sign in:\n%s\n", url.c_str());
                                    if (!code.empty())
                                      std::printf("It asks for the code %s\n", code.c_str());
                                    std::fflush(stdout);
                                  },
                                  [] {
                                    std::printf("The browser came back; asking for the token.\n");
                                    std::fflush(stdout);
                                  }});
  if (!token) return fail(token.error().message, token.error().remedy);
  if (const int status = write_token(path, token->dump(2) + "\n"); status != 0) return status;
  std::printf("Signed in.\n");
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const char* home = std::getenv("HOME");
  aerie::oidc::Wish wish;
  std::string path = (home != nullptr ? std::string{home} : ".") + "/.config/aerie-oidc/token.json";
  CLI::App app{"Signs in to an OpenID provider"};
  app.require_subcommand(1);
  auto* login = app.add_subcommand("login", "Sign in and keep the tokens");
  login->add_option("--issuer", wish.issuer, "The provider's issuer")
      ->envname("OIDC_ISSUER")
      ->required();
  login->add_option("--client", wish.client_id, "Our name there")->envname("OIDC_CLIENT_ID");
  login->add_option("--scope", wish.scope, "What to ask for")->envname("OIDC_SCOPE");
  login->add_option("--port", wish.port, "Of the callback; 0: any")->envname("OIDC_PORT");
  login->add_option("--file", path, "Where the tokens go");
  login->add_flag("--device", wish.by_device, "By the device flow")->envname("OIDC_DEVICE");
  CLI11_PARSE(app, count, arguments);
  return log_in(wish, path);
}
