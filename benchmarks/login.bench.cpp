// A log-in: from the request for a session to the provider's page painted in the viewer, and from
// the tool's finished file to the moment at which its owner can fetch the credential.

#include <algorithm>
#include <fstream>

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "tests/support/chromium.hpp"
#include "tests/support/oidc_provider.hpp"
#include "tests/support/tool_folder.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr int page_runs = 8;
constexpr int file_runs = 20;

double milliseconds(Instant from, Instant to) {
  return static_cast<double>((to - from).count());
}

void end(test::World& world, const std::string& session) {
  world.http().remove("/api/v1/sessions/" + session + "?force=true");
  world.wait_for_state(session, "ended", 60s);
}

std::vector<double> until_page() {
  const test::OidcProvider provider;
  test::World world(test::World::Set{{"guests.hostNetwork", "true"}});
  test::Chromium chromium;
  const auto is_painted = test::OidcProvider::is_painted("login");
  std::vector<double> samples;
  for (int i = 0; i < page_runs; ++i) {
    const auto began = wall_now();
    const auto session =
        world.start({{"provider", "oidc"}, {"env", {{"OIDC_ISSUER", provider.issuer()}}}});
    {
      auto page = chromium.new_page(world.viewer(session.id, session.token));
      const auto painted = page.wait_for(is_painted, 90s).get<std::int64_t>();
      samples.push_back(milliseconds(began, Instant{Duration{painted}}));
    }
    end(world, session.id);
  }
  return samples;
}

/// The tool writes down when it closed its file, which comes out as the file's content.
std::vector<double> until_fetchable() {
  const test::ToolFolder tools;
  tools.add("stamps",
            "echo https://id.example/; echo {\\\"at\\\":$(date +%s%3N)} > $HOME/auth.json; "
            "exec sleep 600");
  test::World world(tools.settings());
  std::vector<double> samples;
  for (int i = 0; i < file_runs; ++i) {
    auto events = world.events();
    const auto session = world.start({{"provider", "stamps"}, {"profile", "bare-login"}});
    std::string at;
    while (at.empty()) {
      const auto event = events.next_of("login.state", 60s).data;
      if (event["session"] == session.id && event["data"]["state"] == "completed")
        at = event["at"].get<std::string>();
    }
    const auto answer = test::HttpClient(world.address(), session.token)
                            .get("/api/v1/sessions/" + session.id + "/credential");
    const auto content = answer.json().at("files").at(0).at("content").get<std::string>();
    const Instant written{Duration{Json::parse(content).at("at").get<std::int64_t>()}};
    samples.push_back(milliseconds(written, from_rfc3339(at).value()));
    end(world, session.id);
  }
  return samples;
}

void run(const std::string& path) {
  bench::Report report("login", "A log-in's two waits");
  report.add("session start to the log-in page in the viewer", "ms", until_page());
  report.add("file complete to the credential fetchable", "ms", until_fetchable(), {.p99 = 50});
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "login.json", run);
}
