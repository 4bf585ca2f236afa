// A frame of the operators' full screen with 10,000 actors: from an item of `watch` to the last
// byte that the terminal was sent.
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <sys/ioctl.h>
#include <termios.h>
#include <thread>
#include <unistd.h>

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "runtime/cli/screen/screen.hpp"
#include "runtime/process/unique_fd.hpp"
#include "tests/support/console_stand_in.hpp"
#include "tests/support/many_actors.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace aerie;

namespace {

constexpr int frames = 100;

/// A pseudo-terminal as this process's own, whose other end reads whatever comes.
class Terminal {
 public:
  Terminal(unsigned short width, unsigned short height)
      : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (!master_ || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0)
      throw std::runtime_error("no pseudo-terminal");
    UniqueFd slave(::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    const winsize size{height, width, 0, 0};
    if (!slave || ::ioctl(slave.get(), TIOCSWINSZ, &size) != 0)
      throw std::runtime_error("no pseudo-terminal of that size");
    std::fflush(stdout);
    for (const int fd : {0, 1}) {
      before_[static_cast<std::size_t>(fd)].reset(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
      ::dup2(slave.get(), fd);
    }
    reader_ = std::thread([fd = master_.get()] {
      std::array<char, 64 * 1024> chunk{};
      while (::read(fd, chunk.data(), chunk.size()) > 0) {
      }
    });
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    std::fflush(stdout);
    // The last of the terminal's own ends: the reader's read(2) fails then.
    for (const int fd : {0, 1})
      ::dup2(before_[static_cast<std::size_t>(fd)].get(), fd);
    reader_.join();
  }

 private:
  UniqueFd master_;
  std::array<UniqueFd, 2> before_;
  std::thread reader_;
};

std::vector<double> measure(unsigned short width, unsigned short height) {
  const test::TemporaryDirectory state;
  const test::ConsoleStandIn listener{state.path().string()};  // never asked anything
  auto client = cli::ConsoleClient::connect(state.path().string());
  if (!client) throw std::runtime_error(client.error().message);
  std::vector<double> times;
  const Terminal terminal{width, height};
  cli::Screen screen{std::move(*client)};
  screen.show(test::many_actors());
  for (int frame = 0; frame < frames; ++frame) {
    const auto item = test::many_actors_change(frame);
    const auto began = std::chrono::steady_clock::now();
    screen.show(item);
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
            .count());
  }
  return times;
}

void run(const std::string& path) {
  ::setenv("TERM", "xterm-256color", 1);
  ::setenv("LC_ALL", "C.UTF-8", 1);
  const auto small = measure(80, 24);
  const auto large = measure(200, 60);
  bench::Report report("console_frame", "A frame of the operators' screen with 10,000 actors");
  report.add("80 by 24", "ms", small, {.p99 = 16});
  report.add("200 by 60", "ms", large, {.p99 = 16});
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "console_frame.json", run);
}
