// Three hundred sessions in a row, with processes killed at random: nothing is left of them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "runtime/process/cgroup.hpp"
#include "tests/support/descendants.hpp"
#include "tests/support/event_stream.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/websocket_client.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::descendants;
using aerie::test::EventStream;
using aerie::test::ServeProcess;
using aerie::test::TemporaryDirectory;
using aerie::test::WebSocketClient;

namespace fs = std::filesystem;

namespace {

constexpr int sessions = 300;
constexpr int settled = 50;  ///< after so many the controller has all the memory it needs
constexpr double most_growth_mib = 6;

const std::vector<std::string> programs{"bwrap", "aerie-guest", "aerie-enter", "sleep",
                                        "Xvfb",  "openbox",     "xterm",       "aerie-stream"};

std::size_t entries_in(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator{folder}, fs::directory_iterator{}));
}

std::size_t lines_of(const fs::path& path, const std::string& with) {
  std::ifstream file{path};
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);)
    if (line.find(with) != std::string::npos) ++count;
  return count;
}

double resident_mib(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

/// Everything that a guest takes of the host, and the controller of its own.
std::map<std::string, std::size_t> held(const ServeProcess& controller, const fs::path& state) {
  // Who is answered comes after all who have left: none of them is counted.
  const EventStream last{controller.address(), controller.token(), "/api/v1/events"};
  const auto process = fs::path{"/proc"} / std::to_string(controller.pid());
  std::map<std::string, std::size_t> counts;
  counts["descriptors"] = entries_in(process / "fd");
  counts["threads"] = entries_in(process / "task");
  for (const auto& program : programs)
    counts["processes " + program] = descendants(program).size();
  counts["sockets"] = lines_of("/proc/net/unix", state.string());
  counts["mounts"] = lines_of("/proc/self/mountinfo", "");
  counts["cgroups"] = aerie::list_cgroups(aerie::discover_cgroups()).size();
  counts["guests' directories"] = entries_in(state / "vms");
  counts["sessions' directories"] = entries_in(state / "sessions");
  return counts;
}

/// A guest of two programs, one of which is always there.
std::string write_profile(const TemporaryDirectory& folder) {
  const auto child = [](const char* name, const char* restart) {
    return Json{{"name", name},
                {"command", {"sh", "-c", "echo up; exec sleep 1000"}},
                {"restart", restart}};
  };
  std::ofstream{folder.path() / "small.json"} << Json{
      {"name", "small"}, {"children", {child("main", "permanent"), child("side", "temporary")}}};
  return folder.path().string();
}

/// Kills one process of any guest's.
void kill_any(std::mt19937& random) {
  std::vector<pid_t> all;
  for (const auto& program : programs)
    for (const auto pid : descendants(program))
      all.push_back(pid);
  if (!all.empty()) ::kill(all[random() % all.size()], SIGKILL);
}

class Churn {
 public:
  Churn(const ServeProcess& controller, EventStream& events)
      : http_(controller.http()), address_(controller.address()), events_(events) {}

  /// Creates one, uses it, perhaps kills something of it, and waits until nothing of it is left.
  void run_one(int number) {
    const bool is_watched = number % 10 == 0;
    const auto made = http_.post(
        "/api/v1/sessions", {{"userId", "churn"}, {"profile", is_watched ? "terminal" : "small"}});
    REQUIRE(made.status == 201);
    const auto session = made.json();
    const std::string id = session["id"];
    std::optional<WebSocketClient> viewer;
    if (is_watched) {
      viewer.emplace(address_);
      viewer->send(
          {{"type", "hello"}, {"session", id}, {"token", session["token"]}, {"role", "host"}});
      viewer->next_of("offer", 60s);
    } else {
      wait_for(id, "session.stage", "stage", "ready");
    }
    if (number % 3 == 0) kill_any(random_);
    // It may have failed by then, and go by itself.
    const auto status = http_.remove("/api/v1/sessions/" + id + "?force=true").status;
    CHECK((status == 202 || status == 409));
    wait_for(id, "resource.released", "name", "sessions/" + id);
  }

 private:
  void wait_for(const std::string& id, const std::string& kind, const char* field,
                const std::string& value) {
    for (;;) {
      const auto event = events_.next_of(kind, 60s).data;
      if (event.value("session", "") == id && event["data"].value(field, "") == value) return;
    }
  }

  aerie::test::HttpClient http_;
  std::string address_;
  EventStream& events_;
  std::mt19937 random_{20'261'124};
};

}  // namespace

TEST_CASE("three hundred sessions leave nothing behind", "[churn]") {
  const TemporaryDirectory state;
  const TemporaryDirectory profiles;
  const ServeProcess controller{state.path().string(),
                                "127.0.0.1:0",
                                {{"profiles.path", write_profile(profiles)},
                                 {"retention.failedMs", "0"},
                                 {"retention.tombstonesBytes", "1000000"}}};
  EventStream events{controller.address(), controller.token(), "/api/v1/events?since=0"};
  Churn churn{controller, events};
  churn.run_one(10);  // what is only made once is there from here on
  churn.run_one(1);
  const auto before = held(controller, state.path());
  double memory = 0;
  for (int number = 1; number <= sessions; ++number) {
    churn.run_one(number);
    if (number == settled) memory = resident_mib(controller.pid());
  }
  const auto after = held(controller, state.path());
  for (const auto& [what, count] : before) {
    INFO(what);
    CHECK(after.at(what) == count);
  }
  const auto growth = resident_mib(controller.pid()) - memory;
  WARN("the controller has " << memory << " MiB after " << settled << " sessions, and " << growth
                             << " more after " << sessions);
  CHECK(growth < most_growth_mib);
}
