#include "runtime/controller/log_output.hpp"

#include <atomic>
#include <memory>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "messages/cause.hpp"
#include "messages/time.hpp"

namespace aerie {
namespace {

/// What a line of the log is about, beside its text; of the line that this thread is writing.
thread_local const Json* fields_of_line = nullptr;
std::atomic<bool> is_json{false};

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
    const auto at = std::chrono::floor<Duration>(message.time);
    const auto level = spdlog::level::to_string_view(message.level);
    Json json = fields_of_line != nullptr ? *fields_of_line : Json::object();
    json["at"] = to_rfc3339(Instant{at});
    json["level"] = std::string{level.data(), level.size()};
    json["message"] = std::string{message.payload.data(), message.payload.size()};
    const auto line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
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
  is_json = settings.format == "json";
  if (is_json)
    logger->set_formatter(std::make_unique<JsonFormatter>());
  else
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>());
}

void log_line(spdlog::level::level_enum level, const Json& fields, const std::string& sentence,
              const std::string& text) {
  if (!is_json) return spdlog::log(level, "{}", text);
  // Sinks write in the thread that logs: the formatter sees these.
  fields_of_line = &fields;
  spdlog::log(level, "{}", sentence);
  fields_of_line = nullptr;
}

void log_to_standard_error() {
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "aerie", std::make_shared<spdlog::sinks::stderr_color_sink_mt>()));
}

}  // namespace aerie
