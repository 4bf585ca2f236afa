#include "runtime/controller/service_manager.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <system_error>
#include <systemd/sd-daemon.h>

namespace aerie {
namespace {

void tell(const std::string& state) {
  if (const int result = ::sd_notify(0, state.c_str()); result < 0)
    spdlog::warn("The service manager could not be told: {}.",
                 std::generic_category().message(-result));
}

}  // namespace

void ServiceManager::ready(const std::string& status) {
  tell("READY=1\nSTATUS=" + status);
}

void ServiceManager::stopping() {
  tell("STOPPING=1");
}

void ServiceManager::alive() {
  tell("WATCHDOG=1");
}

std::optional<Duration> ServiceManager::watchdog() {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return std::max(Duration{static_cast<Duration::rep>(microseconds / 2000)}, Duration{1});
}

}  // namespace aerie
