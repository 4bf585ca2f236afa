// From a viewer's address to its first picture, with an empty cache and with a full one, where the
// controller and its guest are far away: page, signaling and media take as long each way.

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "tests/support/chromium.hpp"
#include "tests/support/media_path.hpp"
#include "tests/support/tcp_relay.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr int visits = 10;
constexpr double bits_per_second = 5e6;

/// In each document: when the first video frame came, by its own clock, which starts with the
/// visit.
constexpr const char* recorder =
    "addEventListener('DOMContentLoaded', () => document.querySelector('#screen')"
    "?.requestVideoFrameCallback(() => { window.firstFrame = performance.now(); }));";

/// What was asked for and what came, in bytes with their headers.
constexpr const char* traffic =
    "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
    ".reduce((sum, entry) => ({requests: sum.requests + (entry.transferSize > 0 ? 1 : 0), bytes: "
    "sum.bytes + entry.transferSize}), {requests: 0, bytes: 0})";

struct Visits {
  std::vector<double> empty;  ///< milliseconds
  std::vector<double> full;
  std::vector<double> requests;
  std::vector<double> bytes;
};

double visit(test::Page& page, const std::string& address, std::chrono::microseconds delay) {
  test::MediaPath path(page, {.delay = delay, .rate = bits_per_second});
  page.open(address);
  path.lay(60s);
  return page.wait_for("window.firstFrame", 60s).get<double>();
}

Visits from_far(std::chrono::milliseconds round_trip) {
  const std::chrono::microseconds delay = round_trip / 2;
  test::World world(test::World::Set{{"guests.hostNetwork", "true"}, {"http.behindProxy", "true"}});
  const auto session = world.start();
  world.wait_for_state(session.id, "ready", 60s);
  const auto address = world.address();
  const auto port = std::stoi(address.substr(address.rfind(':') + 1));
  test::TcpRelay relay(static_cast<std::uint16_t>(port), {delay, bits_per_second});
  const auto viewer = "http://127.0.0.1:" + std::to_string(relay.port()) + "/view/" + session.id +
                      "#token=" + session.token;
  Visits result;
  for (int i = 0; i < visits; ++i) {
    test::Chromium chromium;
    for (auto* const samples : {&result.empty, &result.full}) {
      auto page = chromium.new_page("about:blank");
      page.in_every_document(recorder);
      samples->push_back(visit(page, viewer, delay));
      if (samples != &result.empty) continue;
      const auto came = page.evaluate(traffic);
      result.requests.push_back(came["requests"].get<double>());
      result.bytes.push_back(came["bytes"].get<double>() / 1024);
    }
  }
  return result;
}

void run(const std::string& path) {
  bench::Report report("page_load", "From a viewer's address to its first picture, at 5 Mbit/s");
  for (const auto round_trip : {20ms, 100ms, 300ms}) {
    const auto visited = from_far(round_trip);
    const auto far = ", " + std::to_string(round_trip.count()) + " ms away";
    report.add("empty cache" + far, "ms", visited.empty);
    report.add("full cache" + far, "ms", visited.full);
    if (round_trip != 100ms) continue;
    report.add("requests, empty cache", "", visited.requests);
    report.add("bytes, empty cache", "KiB", visited.bytes);
  }
  if (!report.write(path)) throw std::runtime_error("the figures could not be written");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "page_load.json", run);
}
