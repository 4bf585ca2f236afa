#include "benchmarks/stream/display.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"

namespace aerie::bench {

Display::Display() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe for the display");
  const UniqueFd reading{ends[0]};
  UniqueFd writing{ends[1]};
  SpawnRequest request;
  request.argv = {"Xvfb",      "-displayfd",
                  "3",         "-screen",
                  "0",         std::to_string(width) + "x" + std::to_string(height) + "x24",
                  "-nolisten", "tcp",
                  "-ac",       "-noreset"};
  request.env = {{"PATH", "/usr/bin:/bin"}};
  request.fds = {{writing.get(), 3}};
  request.parent_death_signal = SIGKILL;
  reactor_.call([&] {
    if (auto started = Process::start(reactor_, "display", request, {}))
      process_ = std::move(*started);
  });
  if (!process_) throw std::runtime_error("Xvfb does not start");
  writing.reset();
  for (char digit = 0; ::read(reading.get(), &digit, 1) == 1 && digit != '\n';)
    name_ += digit;
  if (name_.empty()) throw std::runtime_error("Xvfb is not ready");
  name_.insert(0, ":");
  ::setenv("DISPLAY", name_.c_str(), 1);
}

Display::~Display() {
  reactor_.call([this] { process_.reset(); });
}

}  // namespace aerie::bench
