#include "tests/support/serve_process.hpp"

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <sys/prctl.h>

#include "tests/support/deadline.hpp"

namespace aerie::test {
namespace {

constexpr const char* greeting = "aerie listens on http://";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string{value};
}

SpawnRequest request_for(const std::string& state, const std::string& listen,
                         const ServeProcess::Set& set) {
  using Set = ServeProcess::Set;
  SpawnRequest request;
  // A test that fails leaves no guest behind for long.
  request.argv = {AERIE_PROGRAM, "serve", "--state", state, "--listen", listen};
  Set all{{"log.level", "error"}, {"guests.orphanMs", "60000"}};
  for (const auto& [key, value] : set) {
    std::erase_if(all, [&key = key](const auto& each) { return each.first == key; });
    all.emplace_back(key, value);
  }
  for (const auto& [key, value] : all) {
    request.argv.emplace_back("--set");
    request.argv.push_back(key + "=" + value);
  }
  request.env = {{"PATH", variable("PATH")}, {"HOME", variable("HOME")}, {"LANG", "C.UTF-8"}};
  for (const auto* name :
       {"NOTIFY_SOCKET", "WATCHDOG_USEC", "AERIE_VAULT_KEY", "CREDENTIALS_DIRECTORY"})
    if (const auto value = variable(name); !value.empty()) request.env.emplace_back(name, value);
  request.parent_death_signal = SIGKILL;
  return request;
}

}  // namespace

/// What the reactor's thread hears and the test's waits for.
struct ServeProcess::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::string address;
  std::string words;
  std::optional<ExitRecord> exit;

  void hear(const std::vector<LogLine>& lines) {
    const std::lock_guard lock{mutex};
    for (const auto& line : lines) {
      words += line.text + "\n";
      if (line.text.starts_with(greeting)) address = line.text.substr(std::string{greeting}.size());
    }
    changed.notify_all();
  }

  template <class Condition>
  void wait(Condition condition) {
    std::unique_lock lock{mutex};
    if (!changed.wait_for(lock, patience, condition))
      throw std::runtime_error("aerie serve does not answer: " + words);
  }
};

ServeProcess::ServeProcess(std::string state, const std::string& listen, const Set& set)
    : state_(std::move(state)), shared_(std::make_shared<Shared>()) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ProcessEvents events;
  events.on_lines = [shared = shared_](const std::vector<LogLine>& lines) { shared->hear(lines); };
  events.on_exit = [shared = shared_](ExitRecord exit) {
    const std::lock_guard lock{shared->mutex};
    shared->exit = std::move(exit);
    shared->changed.notify_all();
  };
  std::string failure;
  reactor_.call([&] {
    auto started = Process::start(reactor_, "aerie", request_for(state_, listen, set), events);
    if (!started) {
      failure = started.error().message;
      return;
    }
    process_ = std::move(*started);
    pid_ = static_cast<pid_t>(process_->pid());
  });
  if (!failure.empty()) throw std::runtime_error(failure);
  shared_->wait([this] { return shared_->exit || !shared_->address.empty(); });
  const std::lock_guard lock{shared_->mutex};
  if (shared_->exit) throw std::runtime_error("aerie serve ended: " + shared_->words);
  address_ = shared_->address;
}

ServeProcess::~ServeProcess() {
  try {
    end(SIGINT);
  } catch (const std::exception&) {
    // It is killed now.
  }
  reactor_.call([this] { process_.reset(); });
}

std::string ServeProcess::token() const {
  std::string token;
  std::ifstream{state_ + "/operator.token"} >> token;
  return token;
}

std::string ServeProcess::words() const {
  const std::lock_guard lock{shared_->mutex};
  return shared_->words;
}

ExitRecord ServeProcess::end(int signal) {
  reactor_.call([&] {
    if (process_->is_running()) process_->signal(signal);
  });
  shared_->wait([this] { return shared_->exit.has_value(); });
  const std::lock_guard lock{shared_->mutex};
  return *shared_->exit;
}

}  // namespace aerie::test
