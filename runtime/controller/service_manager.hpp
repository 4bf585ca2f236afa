#pragma once

#include <optional>
#include <string>

#include "messages/time.hpp"

namespace aerie {

/// The service manager that started this process, if one did: it is told what becomes of it.
/// Without one every word is lost on purpose. Source: sd_notify(3), sd_watchdog_enabled(3).
class ServiceManager {
 public:
  /// It serves; `status` is a line for `systemctl status`.
  static void ready(const std::string& status);
  /// It is about to end.
  static void stopping();
  /// It lives.
  static void alive();
  /// How often it is to say so; none: nobody wants to know. Half of what the manager waits.
  [[nodiscard]] static std::optional<Duration> watchdog();
};

}  // namespace aerie
