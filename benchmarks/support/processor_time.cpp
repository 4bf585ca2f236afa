#include "benchmarks/support/processor_time.hpp"

#include <ctime>
#include <stdexcept>

namespace aerie::bench {

double processor_ms(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0)
    throw std::runtime_error("a measured process has ended");
  return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}

}  // namespace aerie::bench
