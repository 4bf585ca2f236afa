#pragma once

#include <memory>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sstream>
#include <string>

namespace aerie::testing {

/// The process's log, caught while this lives.
class CaughtLog {
 public:
  CaughtLog() {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "caught", std::make_shared<spdlog::sinks::ostream_sink_mt>(stream_)));
  }
  CaughtLog(const CaughtLog&) = delete;
  CaughtLog& operator=(const CaughtLog&) = delete;
  ~CaughtLog() { spdlog::set_default_logger(before_); }

  [[nodiscard]] std::string text() const { return stream_.str(); }

 private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream stream_;
};

}  // namespace aerie::testing
