// From a child's write to the line in its log file on the host, where it survives the guest.

#include <array>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "runtime/process/unique_fd.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using namespace aerie;

namespace {

constexpr std::size_t lines = 500;

/// Writes the wall clock, in seconds, 500 times, 10 ms apart.
constexpr const char* chatter =
    "use Time::HiRes qw(time sleep); $| = 1; for (1..500) { printf \"%.6f\\n\", time; sleep 0.01 } "
    "sleep 60";

void write_profile(const std::string& folder) {
  const Json profile{
      {"name", "chatter"},
      {"children",
       {{{"name", "chatter"}, {"command", {"perl", "-e", chatter}}, {"restart", "temporary"}}}}};
  std::ofstream(folder + "/chatter.json") << profile;
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Wakes at every change of a file that need not be there yet.
class Changes {
 public:
  explicit Changes(const std::string& path) : fd_(::inotify_init1(IN_CLOEXEC)) {
    const auto folder = std::filesystem::path(path).parent_path();
    std::filesystem::create_directories(folder);
    if (::inotify_add_watch(fd_.get(), folder.c_str(), IN_CREATE | IN_MODIFY) < 0)
      throw std::runtime_error("cannot watch " + folder.string());
  }
  void wait() {
    pollfd waited{fd_.get(), POLLIN, 0};
    if (::poll(&waited, 1, 20'000) != 1) throw std::runtime_error("no line within 20 s");
    std::array<char, 4096> passed_over;
    if (::read(fd_.get(), passed_over.data(), passed_over.size()) < 0)
      throw std::runtime_error("cannot read the changes");
  }

 private:
  UniqueFd fd_;
};

void run(const std::string& path) {
  const test::TemporaryDirectory profiles;
  write_profile(profiles.path());
  test::World world(test::World::Set{{"profiles.path", profiles.path()}});
  const auto session = world.start({{"profile", "chatter"}});
  const auto file = world.state() + "/sessions/" + session.id + "/logs/chatter.log";
  Changes changes(file);
  std::ifstream log;
  std::vector<double> ms;
  while (ms.size() < lines) {
    if (!log.is_open()) log.open(file);
    log.clear();
    for (auto at = log.tellg(); log.is_open(); at = log.tellg()) {
      std::string line;
      if (!std::getline(log, line) || log.eof()) {  // not whole yet
        log.clear();
        log.seekg(at);
        break;
      }
      ms.push_back(1000 * (wall_seconds() - std::stod(line)));
    }
    if (ms.size() < lines) changes.wait();
  }
  bench::Report report("log_channel", "From a child's write to its log file on the host");
  report.add("a line", "ms", ms, {.p99 = 50});
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "log_channel.json", run);
}
