// What breaks the controller, or makes it refuse.

#include <fstream>
#include <poll.h>
#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"
#include "tests/replay/scene.hpp"
#include "tests/support/descendants.hpp"

namespace aerie::replay {
namespace {

Fault fault(const std::string& name, CauseKind kind, const std::string& names,
            std::function<void(Scene&)> plant) {
  auto made = sleeper_fault(name, kind, names);
  made.plant = std::move(plant);
  return made;
}

void ask_in_vain(Scene& scene) {
  scene.mark();
  const auto answer =
      scene.world().http().post("/api/v1/sessions", {{"userId", "tester"}, {"profile", "replay"}});
  scene.answer = answer.json().value("error", Json::object());
}

Fault locked_store() {
  auto made =
      fault("a store that somebody else has locked", CauseKind::store_failed, "aerie.db",
            [](Scene& scene) {
              sqlite3* database = nullptr;
              const auto path = (scene.state() / "aerie.db").string();
              sqlite3_open(path.c_str(), &database);
              scene.undo = [database] { sqlite3_close(database); };
              if (sqlite3_exec(database, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK)
                throw std::runtime_error("the store can't be locked");
              ask_in_vain(scene);
            });
  made.surface = Surface::answer;
  return made;
}

Fault beyond_quota() {
  auto made = fault("a session beyond the limit", CauseKind::quota, "limits.sessions", ask_in_vain);
  made.prepare = [](Scene& scene) { scene.options.set.emplace_back("limits.sessions", "0"); };
  made.surface = Surface::answer;
  return made;
}

Fault second_controller() {
  auto made =
      fault("a second controller on one state directory", CauseKind::address_in_use, "/state",
            [](Scene& scene) {
              scene.mark();
              const auto second = Embedded::start(scene.options);
              if (second.controller != nullptr)
                throw std::runtime_error("two controllers run on one state directory");
              scene.answer = {{"code", second.error.kind},
                              {"message", second.error.message + " " + second.error.remedy}};
            });
  made.surface = Surface::start;
  return made;
}

/// A controller as a process of its own, so that it can be killed.
class Served {
 public:
  explicit Served(const Scene& scene) {
    SpawnRequest request;
    request.argv = {aerie_program(),     "serve",    "--state",
                    scene.options.state, "--listen", "127.0.0.1:0"};
    for (const auto& [key, value] : scene.options.set) {
      request.argv.emplace_back("--set");
      request.argv.push_back(key + "=" + value);
    }
    request.env = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/root"}};
    ProcessEvents events;
    events.on_lines = [this](const std::vector<LogLine>& lines) {
      for (const auto& line : lines)
        if (const auto at = line.text.find("http://"); at != std::string::npos)
          said_.add(line.text.substr(at + 7));
    };
    events.on_exit = [this](const ExitRecord&) { said_.end(); };
    reactor_.call([&] {
      auto started = Process::start(reactor_, "serve", request, std::move(events));
      if (!started) throw std::runtime_error(started.error().message);
      process_ = std::move(*started);
    });
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  ~Served() {
    reactor_.call([this] { process_.reset(); });
  }

  [[nodiscard]] std::string address() {
    const auto line = said_.first([](const std::string&) { return true; });
    if (!line) throw std::runtime_error("aerie serve does not serve");
    return line->what;
  }

  void await_end() {
    static_cast<void>(said_.first([](const std::string&) { return false; }));
  }

 private:
  Reactor reactor_;
  Witness<std::string> said_;
  std::unique_ptr<Process> process_;
};

std::string token_in(const Scene& scene) {
  std::ifstream file{scene.state() / "operator.token"};
  std::string token;
  file >> token;
  return token;
}

/// Leaves a session behind on the scene's state: its controller is killed, and so is its guest.
void leave_a_session(Scene& scene) {
  scene.write_profile();
  Served served{scene};
  const auto address = served.address();
  const auto token = token_in(scene);  // written by now
  test::HttpClient http(address, token);
  test::EventStream events(address, token, "/api/v1/events?since=0");
  const auto made = http.post("/api/v1/sessions", {{"userId", "tester"}, {"profile", "replay"}});
  if (made.status != 201) throw std::runtime_error("no session: " + made.body);
  scene.earlier_session = made.json().at("id").get<std::string>();
  events.next_of("child.ready");
  const auto guests = test::descendants("aerie-guest");
  std::vector<UniqueFd> ends;
  for (const auto pid : guests)
    ends.emplace_back(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  for (const auto pid : test::descendants("aerie"))
    ::kill(pid, SIGKILL);
  for (const auto pid : guests)
    ::kill(pid, SIGKILL);
  served.await_end();
  for (const auto& end : ends) {
    pollfd gone{end.get(), POLLIN, 0};
    if (end && ::poll(&gone, 1, 10'000) != 1) throw std::runtime_error("a guest outlives its kill");
  }
  scene.mark();
}

Fault restarted_controller() {
  auto made = fault("a controller that was killed", CauseKind::controller_restarted, "controller",
                    [](Scene& scene) { scene.start(); });
  made.prepare = leave_a_session;
  return made;
}

}  // namespace

std::vector<Fault> faults_of_hosts() {
  return {locked_store(), beyond_quota(), second_controller(), restarted_controller()};
}

std::vector<Fault> catalogue() {
  std::vector<Fault> all;
  for (auto* part : {&faults_before_exec, &faults_of_programs, &faults_of_guests, &faults_of_hosts,
                     &faults_of_networks, &faults_of_machines})
    for (auto& each : part())
      all.push_back(std::move(each));
  return all;
}

}  // namespace aerie::replay
