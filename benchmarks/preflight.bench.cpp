// How long preflight looks at Chromium's own program before a start: with nothing known yet, and
// again when it knows the files.

#include "runtime/preflight/preflight.hpp"

#include <memory>
#include <stdexcept>

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "benchmarks/support/stopwatch.hpp"

using namespace aerie;

namespace {

constexpr int looks = 200;
constexpr const char* program = "/usr/lib/chromium/chromium";

double look(const preflight::Preflight& preflight) {
  const bench::Stopwatch watch;
  const auto report = preflight.examine({{program}, {}, {}, true});
  const double ms = watch.ms();
  if (report.fault) throw std::runtime_error(report.fault->message);
  return ms;
}

void run(const std::string& path) {
  auto opened = preflight::FileRoot::open("/");
  if (!opened) throw std::runtime_error(opened.error().message);
  const auto root = std::make_shared<const preflight::FileRoot>(std::move(*opened));
  std::vector<double> cold;
  std::vector<double> warm;
  const preflight::Preflight known{root};
  look(known);
  for (int i = 0; i < looks; ++i) {
    cold.push_back(look(preflight::Preflight{root}));
    warm.push_back(look(known));
  }
  bench::Report report("preflight", "A look at Chromium before its start");
  report.add("nothing known", "ms", cold, {.p99 = 20});
  report.add("files known", "ms", warm, {.p99 = 20});
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "preflight.json", run);
}
