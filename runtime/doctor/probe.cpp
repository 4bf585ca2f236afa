#include "runtime/doctor/probe.hpp"

#include <cstdlib>
#include <future>
#include <memory>
#include <sstream>
#include <unistd.h>

#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {
namespace {

constexpr auto default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::size_t max_lines = 1000;

std::string search_path() {
  const char* path = std::getenv("PATH");
  return path == nullptr || *path == '\0' ? default_path : path;
}

/// What the callbacks fill, all on the reactor's thread, until the promise is kept.
struct Observed {
  ProbeResult result;
  std::promise<void> ended;
  bool has_answer = false;
};

void take_lines(Observed& observed, std::vector<LogLine>& lines) {
  for (auto& line : lines) {
    auto& kept = line.stream == LogLine::Stream::out ? observed.result.out : observed.result.errors;
    if (kept.size() < max_lines) kept.push_back(std::move(line.text));
  }
}

SpawnRequest request_of(const Probe& probe) {
  SpawnRequest request;
  request.argv = probe.argv;
  request.env = {{"PATH", search_path()}, {"HOME", "/tmp"}, {"LANG", "C.UTF-8"}};
  request.cwd = "/";
  request.identity = probe.identity;
  return request;
}

}  // namespace

ProbeResult run_probe(const Probe& probe) {
  Reactor reactor;
  auto observed = std::make_shared<Observed>();
  std::unique_ptr<Process> process;
  ProcessEvents events;
  events.on_lines = [&, observed](std::vector<LogLine> lines) {
    take_lines(*observed, lines);
    if (!probe.until_first_line || observed->result.out.empty() || observed->has_answer) return;
    observed->has_answer = true;
    if (process) process->stop(Duration{1000}, "controller");
  };
  events.on_exit = [observed](const ExitRecord& record) {
    observed->result.worked = observed->has_answer || record.kind == CauseKind::clean;
    observed->result.message = record.message;
    observed->ended.set_value();
  };
  reactor.call([&] {
    auto started =
        Process::start(reactor, probe.argv.front(), request_of(probe), std::move(events));
    if (started) {
      process = *std::move(started);
    } else {
      observed->result.message = started.error().message;
      observed->ended.set_value();
    }
  });
  auto ended = observed->ended.get_future();
  if (ended.wait_for(probe.within) != std::future_status::ready) {
    reactor.call([&] {
      if (process) process->kill("controller");
    });
    ended.wait();
    observed->result.worked = observed->has_answer;
    observed->result.message = probe.argv.front() + " did not finish within " +
                               std::to_string(probe.within.count()) + " ms.";
  }
  reactor.call([&] { process.reset(); });
  reactor.stop();
  return std::move(observed->result);
}

std::optional<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos)
    return access(name.c_str(), X_OK) == 0 ? std::optional(name) : std::nullopt;
  std::istringstream path(search_path());
  for (std::string folder; std::getline(path, folder, ':');) {
    auto file = (folder.empty() ? "." : folder) + "/" + name;
    if (access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

}  // namespace aerie
