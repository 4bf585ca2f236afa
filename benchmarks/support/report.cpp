#include "benchmarks/support/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sys/utsname.h>
#include <unistd.h>
#include <utility>

#include "messages/time.hpp"

namespace aerie::bench {

namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

Json machine() {
  utsname kernel{};
  ::uname(&kernel);
  const auto page_kib = ::sysconf(_SC_PAGESIZE) / 1024;
  return {{"cpu", processor_name()},
          {"cores", ::sysconf(_SC_NPROCESSORS_ONLN)},
          {"memoryMiB", ::sysconf(_SC_PHYS_PAGES) / 1024 * page_kib},
          {"kernel", kernel.release}};
}

}  // namespace

double percentile(std::vector<double> samples, double share) {
  std::sort(samples.begin(), samples.end());
  const auto rank = std::ceil(share * static_cast<double>(samples.size()));
  return samples[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

Report::Report(std::string name, std::string title) {
  document_ = {{"name", std::move(name)},   {"title", std::move(title)},
               {"machine", machine()},      {"at", to_rfc3339(wall_now())},
               {"measures", Json::array()}, {"curves", Json::array()}};
}

void Report::add(const std::string& measure, const std::string& unit, std::vector<double> samples,
                 Targets targets) {
  const auto p50 = percentile(samples, 0.50);
  const auto p95 = percentile(samples, 0.95);
  const auto p99 = percentile(samples, 0.99);
  const auto is_met = [](double value, double target) { return target <= 0 || value <= target; };
  const bool met = is_met(p50, targets.p50) && is_met(p95, targets.p95) && is_met(p99, targets.p99);
  met_ = met_ && met;
  std::printf("%-34s p50 %8.2f  p95 %8.2f  p99 %8.2f  max %8.2f %s  (%zu samples)%s\n",
              measure.c_str(), p50, p95, p99, percentile(samples, 1.0), unit.c_str(),
              samples.size(), met ? "" : "  MISSED");
  Json entry{{"name", measure},
             {"unit", unit},
             {"p50", p50},
             {"p95", p95},
             {"p99", p99},
             {"max", percentile(samples, 1.0)},
             {"targets", Json::object()},
             {"met", met}};
  if (targets.p50 > 0) entry["targets"]["p50"] = targets.p50;
  if (targets.p95 > 0) entry["targets"]["p95"] = targets.p95;
  if (targets.p99 > 0) entry["targets"]["p99"] = targets.p99;
  entry["samples"] = std::move(samples);
  document_["measures"].push_back(std::move(entry));
}

void Report::add(const Curve& curve) {
  document_["curves"].push_back(
      {{"name", curve.name}, {"x", curve.x}, {"y", curve.y}, {"lines", curve.lines}});
}

bool Report::write(const std::string& path) const {
  std::ofstream file(path, std::ios::trunc);
  file << document_.dump(1) << '\n';
  return static_cast<bool>(file.flush()) && met_;
}

}  // namespace aerie::bench
