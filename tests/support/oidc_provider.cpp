#include "tests/support/oidc_provider.hpp"

#include <array>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <stdexcept>

namespace aerie::test {
namespace {

constexpr const char* greeting = "issuer ";

using Parts = std::array<int, 3>;  // red, green and blue, as in `oidc_provider.mjs`

const std::map<std::string, Parts> colours{{"login", {30, 60, 160}},    {"wrong", {170, 40, 40}},
                                           {"consent", {120, 40, 140}}, {"code", {90, 90, 90}},
                                           {"done", {20, 140, 60}},     {"confirm", {150, 110, 20}},
                                           {"silence", {40, 120, 120}}};

Parts lighter(Parts colour) {
  for (auto& part : colour)
    part += 50;
  return colour;
}

std::string is_seen(const Json& wanted) {
  return "(() => { const video = document.querySelector('#screen'); if (!video || "
         "!video.videoWidth) return false; const canvas = window.probe = window.probe || "
         "Object.assign(document.createElement('canvas'), {width: 16, height: 16}); const brush = "
         "canvas.getContext('2d', {willReadFrequently: true}); brush.drawImage(video, 0, 0, 16, "
         "16); const seen = brush.getImageData(8, 11, 1, 1).data; return " +
         wanted.dump() +
         ".some((colour) => colour.every((part, i) => Math.abs(part - seen[i]) < 25)) && "
         "Date.now(); })()";
}

}  // namespace

/// What the reactor's thread hears and the test's waits for.
struct OidcProvider::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> lines;
  std::string errors;
};

OidcProvider::OidcProvider(const std::vector<std::string>& arguments)
    : shared_(std::make_shared<Shared>()) {
  const char* path = std::getenv("PATH");
  SpawnRequest request;
  request.argv = {"node", AERIE_OIDC_PROVIDER};
  request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
  request.env = {{"PATH", path == nullptr ? "/usr/bin:/bin" : path}};
  request.parent_death_signal = SIGKILL;
  ProcessEvents events;
  events.on_lines = [shared = shared_](const std::vector<LogLine>& lines) {
    const std::lock_guard lock{shared->mutex};
    for (const auto& line : lines)
      // The library itself has advice to give, on either stream.
      if (line.stream == LogLine::Stream::out && !line.text.starts_with("oidc-provider "))
        shared->lines.push_back(line.text);
      else
        shared->errors += line.text + "\n";
    shared->changed.notify_all();
  };
  events.on_exit = [shared = shared_](const ExitRecord& exit) {
    const std::lock_guard lock{shared->mutex};
    shared->lines.push_back("ended: " + exit.message);
    shared->changed.notify_all();
  };
  std::string failure;
  reactor_.call([&] {
    auto started = Process::start(reactor_, "oidc-provider", request, events);
    if (started)
      process_ = std::move(*started);
    else
      failure = started.error().message;
  });
  if (!failure.empty()) throw std::runtime_error(failure);
  const auto line = next_line(patience);
  if (!line.starts_with(greeting))
    throw std::runtime_error("the OpenID provider did not start: " + line + "\n" + shared_->errors);
  issuer_ = line.substr(std::string{greeting}.size());
}

OidcProvider::~OidcProvider() {
  reactor_.call([this] { process_.reset(); });
}

std::string OidcProvider::next_line(std::chrono::milliseconds within) {
  std::unique_lock lock{shared_->mutex};
  if (!shared_->changed.wait_for(lock, within, [this] { return !shared_->lines.empty(); }))
    throw std::runtime_error("the OpenID provider says nothing: " + shared_->errors);
  auto line = std::move(shared_->lines.front());
  shared_->lines.pop_front();
  return line;
}

void OidcProvider::wait_for(const std::string& page, std::chrono::milliseconds within) {
  const Deadline deadline(within);
  for (auto line = next_line(deadline.left()); line != "shown " + page;
       line = next_line(deadline.left()))
    if (!line.starts_with("shown ")) throw std::runtime_error("the OpenID provider: " + line);
}

std::string OidcProvider::is_painted(const std::string& page) {
  const auto& colour = colours.at(page);
  return is_seen(Json::array({colour, lighter(colour)}));
}

std::string OidcProvider::has_keyboard(const std::string& page) {
  return is_seen(Json::array({lighter(colours.at(page))}));
}

}  // namespace aerie::test
