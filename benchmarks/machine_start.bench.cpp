// Virtual machines under QEMU: how soon one is linked and seen (booted, from a saved machine, from
// the pool), how fast it draws, and what it costs the host. Needs an image (./run image).

#include <fstream>
#include <sstream>
#include <thread>

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "tests/support/chromium.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr int starts = 5;
constexpr auto patience = 120s;
constexpr auto settling = 4s;

/// In each document: when the first video frame came.
constexpr const char* recorder =
    "const look = () => { const video = document.querySelector('#screen'); if (video) "
    "video.requestVideoFrameCallback(() => { window.firstFrame = Date.now(); }); };"
    "addEventListener('DOMContentLoaded', look);";

double now_ms() {
  return static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count());
}

struct Start {
  std::vector<double> spawned, linked, seen;
};

double stage(const Json& session, const std::string& name) {
  for (const auto& each : session.at("stages"))
    if (each.at("name") == name) return each.at("atMs").get<double>();
  throw std::runtime_error("the stage " + name + " was not reached");
}

/// One session with a viewer from the beginning; what it took is added.
void start_once(test::World& world, test::Chromium& chromium, Json wish, Start& took) {
  wish["driver"] = "qemu";
  wish["profile"] = "terminal";
  auto page = chromium.new_page("http://" + world.address() + "/");
  page.in_every_document(recorder);
  const auto began = now_ms();
  const auto session = world.start(std::move(wish));
  page.open(world.viewer(session.id, session.token));
  took.seen.push_back(page.wait_for("window.firstFrame", patience).get<double>() - began);
  const auto document = world.wait_for_state(session.id, "ready", patience);
  took.spawned.push_back(stage(document, "spawned"));
  took.linked.push_back(stage(document, "linked") - stage(document, "spawned"));
  world.http().remove("/api/v1/sessions/" + session.id + "?force=true");
  world.wait_for_state(session.id, "ended", patience);
}

/// `env` is what a saved machine can't be given: with it a guest boots.
Start starts_of(const Json& wish) {
  test::World world;
  test::Chromium chromium;
  Start took;
  for (int i = 0; i < starts; ++i)
    start_once(world, chromium, wish, took);
  return took;
}

std::vector<double> from_the_pool() {
  test::World world(test::World::Set{{"pool", R"({"terminal":{"qemu":1}})"}});
  test::Chromium chromium;
  auto events = world.events();
  Start took;
  for (int i = 0; i < starts; ++i) {
    while (!events.next_of("vm.state", patience).data["data"].value("warm", false)) {
    }
    std::this_thread::sleep_for(settling);
    start_once(world, chromium, Json::object(), took);
  }
  return took.seen;
}

/// Resident bytes of a process, in MiB: all but the guest's memory, which is one mapping.
double overhead_mib(pid_t vmm, double memory_mib) {
  std::ifstream file{"/proc/" + std::to_string(vmm) + "/smaps"};
  double total = 0;
  double guest = 0;
  double size = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words{line};
    std::string name;
    double kib = 0;
    words >> name >> kib;
    if (name == "Size:") size = kib / 1024;
    if (name != "Rss:") continue;
    total += kib / 1024;
    if (size >= memory_mib) guest = std::max(guest, kib / 1024);
  }
  return total - guest;
}

/// Frames a second of a terminal that scrolls without end, and what the VMM takes meanwhile.
void draw(bench::Report& report) {
  test::World world;
  test::Chromium chromium;
  const auto session = world.start({{"driver", "qemu"}, {"profile", "terminal"}});
  const auto document = world.wait_for_state(session.id, "ready", patience);
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(test::is_live, patience);
  page.click("#screen");
  page.type("while :; do seq 1 30; done");
  page.press("Enter");
  std::this_thread::sleep_for(settling);
  std::vector<double> frames;
  for (int i = 0; i < 5; ++i)
    frames.push_back(
        page.evaluate("new Promise((done) => { const video = "
                      "document.querySelector('#screen'); const count = () => "
                      "video.getVideoPlaybackQuality().totalVideoFrames; const first = "
                      "count(); setTimeout(() => done((count() - first) / 2), 2000); })")
            .get<double>());
  report.add("frames a second of a terminal that scrolls, 640x360", "1/s", frames);
  const auto vm = document.at("vm").at("id").get<std::string>();
  const auto pid = world.http().get("/api/v1/vms/" + vm).json().at("pid").get<pid_t>();
  report.add("memory of the VMM beyond the guest's own", "MiB", {overhead_mib(pid, 256)});
}

void run(const std::string& path) {
  bench::Report report("machine_start", "Virtual machines under QEMU");
  const auto booted = starts_of({{"env", {{"COLD", "1"}}}});
  report.add("request to the VMM's start", "ms", booted.spawned);
  report.add("booted: VMM's start to linked", "ms", booted.linked, {.p50 = 8000});
  report.add("booted: request to the first decoded frame", "ms", booted.seen, {.p50 = 15000});
  const auto restored = starts_of(Json::object());
  report.add("from a saved machine: VMM's start to linked", "ms", restored.linked, {.p50 = 1500});
  report.add("from a saved machine: request to the first decoded frame", "ms", restored.seen,
             {.p50 = 3000});
  report.add("from the pool: request to the first decoded frame", "ms", from_the_pool(),
             {.p50 = 1000});
  draw(report);
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "machine_start.json", run);
}
