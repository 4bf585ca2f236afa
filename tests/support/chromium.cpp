#include "tests/support/chromium.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace aerie::test {

namespace {

struct Pipe {
  UniqueFd reading;
  UniqueFd writing;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "no pipe for the browser");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<std::string> command_line(const ChromiumOptions& options, const std::string& profile) {
  std::vector<std::string> argv = {
      "chromium", "--headless=new", "--remote-debugging-pipe", "--user-data-dir=" + profile,
      "--window-size=" + std::to_string(options.width) + "," + std::to_string(options.height),
      // Frames must flow in every window, watched or not, and without a click first.
      "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows",
      "--disable-renderer-backgrounding", "--autoplay-policy=no-user-gesture-required",
      // Peers are on this machine.
      "--allow-loopback-in-peer-connection",
      // Nothing that reaches out, asks, or takes start-up time.
      "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
      "--disable-sync", "--disable-extensions", "--no-first-run", "--no-default-browser-check",
      "--disable-breakpad", "--password-store=basic", "--use-mock-keychain", "--disable-gpu",
      "--disable-dev-shm-usage", "--mute-audio", "--hide-scrollbars", "--no-proxy-server"};
  // Chromium refuses to sandbox itself as root. It only ever opens this project's own pages.
  if (::geteuid() == 0) argv.emplace_back("--no-sandbox");
  // And have addresses, not names in place of them, where there is but one machine.
  if (options.network.empty()) argv.emplace_back("--disable-features=WebRtcHideLocalIpsWithMdns");
  argv.insert(argv.end(), options.flags.begin(), options.flags.end());
  argv.emplace_back("about:blank");
  if (!options.network.empty()) argv.insert(argv.begin(), {"nsenter", "--net=" + options.network});
  return argv;
}

std::vector<std::pair<std::string, std::string>> environment(const std::string& home) {
  const char* path = std::getenv("PATH");
  return {{"PATH", path == nullptr ? "/usr/bin:/bin" : path}, {"HOME", home}, {"LANG", "C.UTF-8"}};
}

}  // namespace

Chromium::Chromium(ChromiumOptions options) : options_(std::move(options)) {
  auto commands = make_pipe();
  auto answers = make_pipe();
  launch(command_line(options_, profile_.path()), commands.reading.get(), answers.writing.get());
  devtools_ = std::make_unique<Devtools>(std::move(commands.writing), std::move(answers.reading));
  commands.reading.reset();
  answers.writing.reset();
  devtools_->call("Browser.getVersion", Json::object(), {}, patience * 2);
}

Chromium::~Chromium() {
  reactor_.call([this] { process_.reset(); });
}

void Chromium::launch(const std::vector<std::string>& argv, int commands, int answers) {
  // A pipe that nobody reads any more is an error of `write`, not the end of the tests.
  std::signal(SIGPIPE, SIG_IGN);
  SpawnRequest request;
  request.argv = argv;
  request.env = environment(profile_.path());
  request.fds = {{commands, 3}, {answers, 4}};
  request.parent_death_signal = SIGKILL;
  std::string failure;
  reactor_.call([&] {
    auto started = Process::start(reactor_, "viewer", request, {});
    if (started)
      process_ = std::move(*started);
    else
      failure = started.error().message;
  });
  if (!failure.empty()) throw std::runtime_error("Chromium did not start: " + failure);
}

void Chromium::save_downloads_in(const std::string& folder) {
  devtools_->call("Browser.setDownloadBehavior", {{"behavior", "allow"}, {"downloadPath", folder}});
}

Page Chromium::new_page(const std::string& url) {
  const auto target = devtools_->call("Target.createTarget", {{"url", "about:blank"},
                                                              {"newWindow", true},
                                                              {"width", options_.width},
                                                              {"height", options_.height}});
  const auto id = target.at("targetId").get<std::string>();
  const auto attached =
      devtools_->call("Target.attachToTarget", {{"targetId", id}, {"flatten", true}});
  const auto session = attached.at("sessionId").get<std::string>();
  devtools_->call("Emulation.setDeviceMetricsOverride",
                  {{"width", options_.width},
                   {"height", options_.height},
                   {"deviceScaleFactor", 1},
                   {"mobile", false}},
                  session);
  Page page(*devtools_, id, session);
  page.open(url);
  return page;
}

}  // namespace aerie::test
