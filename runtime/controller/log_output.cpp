#include "runtime/controller/log_output.hpp"

#include <memory>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "messages/cause.hpp"
#include "messages/time.hpp"

namespace aerie {
namespace {

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
    const auto at = std::chrono::floor<Duration>(message.time);
    const auto level = spdlog::level::to_string_view(message.level);
    const auto line = Json{{"at", to_rfc3339(Instant{at})},
                           {"level", std::string{level.data(), level.size()}},
                           {"message", std::string{message.payload.data(), message.payload.size()}}}
                          .dump(-1, ' ', false, Json::error_handler_t::replace) +
                      "\n";
    to.append(line.data(), line.data() + line.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

}  // namespace

void set_log_form(const LogSettings& settings) {
  const auto logger = spdlog::default_logger();
  logger->set_level(spdlog::level::from_str(settings.level));
  if (settings.format == "json")
    logger->set_formatter(std::make_unique<JsonFormatter>());
  else
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>());
}

void log_to_standard_error() {
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "aerie", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()));
}

}  // namespace aerie
