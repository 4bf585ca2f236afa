// From the start of a controller to the last of twenty guests that it adopted, after the one before
// was killed: as a person would wait who asks for a session's document.

#include <csignal>
#include <fstream>
#include <optional>

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "tests/support/event_stream.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr int guests = 20;
constexpr int restarts = 20;

/// Reads on until so many VMs became ready at or after `from`; the instant of the last.
Instant all_ready(const test::ServeProcess& controller, Instant from) {
  test::EventStream events(controller.address(), controller.token(), "/api/v1/events?since=0");
  Instant last = from;
  for (int ready = 0; ready < guests;) {
    const auto event = events.next_of("vm.state", 60s).data;
    const auto at = from_rfc3339(event.at("at").get<std::string>()).value();
    if (event.at("data").at("state") != "ready" || at < from) continue;
    ++ready;
    last = at;
  }
  return last;
}

void start_guests(const test::ServeProcess& controller) {
  for (int i = 0; i < guests; ++i) {
    const auto answer =
        controller.http().post("/api/v1/sessions", {{"userId", "bench"}, {"profile", "display"}});
    if (answer.status != 201) throw std::runtime_error(answer.body);
  }
}

void run(const std::string& path) {
  const test::TemporaryDirectory state;
  const test::TemporaryDirectory profiles;
  std::ofstream(profiles.path() / "display.json")
      << Json{{"name", "display"},
              {"resources", {{"cpus", 1}, {"memoryMiB", 64}}},
              {"children", {{{"name", "display"}, {"builtin", "display"}}}}};
  const test::ServeProcess::Set set{{"profiles.path", profiles.path().string()}};
  std::optional<test::ServeProcess> controller(std::in_place, state.path().string(), "127.0.0.1:0",
                                               set);
  const auto begin = wall_now();
  start_guests(*controller);
  all_ready(*controller, begin);
  std::vector<double> samples;
  for (int i = 0; i < restarts; ++i) {
    controller->end(SIGKILL);
    const auto from = wall_now();
    controller.emplace(state.path().string(), "127.0.0.1:0", set);
    samples.push_back(static_cast<double>((all_ready(*controller, from) - from).count()));
  }
  bench::Report report("adoption", "From a controller's start to all of 20 guests adopted");
  report.add("20 guests", "ms", samples, {.p50 = 500, .p99 = 500});
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "adoption.json", run);
}
