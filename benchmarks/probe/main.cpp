// The program that the benchmark `restart` has supervised: says when it began, then waits for its
// end. Static and small, so that what is measured is the supervisor.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "benchmarks/probe/report.hpp"

int main() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const char* path = std::getenv(aerie::bench::probe_variable);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path == nullptr || std::strlen(path) >= sizeof address.sun_path) return 2;
  std::memcpy(address.sun_path, path, std::strlen(path));
  const aerie::bench::ProbeReport report{now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec,
                                         ::getpid()};
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (::sendto(fd, &report, sizeof report, 0, reinterpret_cast<const sockaddr*>(&address),
               sizeof address) != static_cast<ssize_t>(sizeof report))
    return 1;
  // Beyond the report, so that it costs nobody anything.
  if (const char* ready = std::getenv(aerie::bench::ready_variable))
    if (::write(std::atoi(ready), "\n", 1) != 1) return 1;
  while (true)
    ::pause();
}
