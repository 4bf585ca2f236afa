#include "runtime/controller/event_log.hpp"

#include <spdlog/spdlog.h>

namespace aerie {
namespace {

/// What a person reads first: the sentence of the event, if it has one.
std::string sentence_of(const Event& event) {
  const auto cause = event.data.find("cause");
  if (cause != event.data.end() && cause->is_object()) return cause->value("message", "");
  for (const auto* field : {"message", "detail", "state", "stage", "name", "reason"}) {
    const auto found = event.data.find(field);
    if (found != event.data.end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

spdlog::level::level_enum level_of(const Event& event) {
  if (event.data.value("kind", Json{}) == "killed") return spdlog::level::info;  // as was asked
  const bool is_bad = event.kind == "child.exited" || event.kind == "child.given-up" ||
                      event.kind == "deadline.passed" || event.kind == "retire.escalated" ||
                      event.kind == "resource.quarantined" || event.kind == "doctor.failed" ||
                      event.data.value("state", Json{}) == "failed";
  return is_bad ? spdlog::level::warn : spdlog::level::info;
}

/// Bytes from a guest reach a terminal with control characters escaped.
std::string printable(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// What an event gives as the reason, in the log's form; nothing where all is well.
std::string cause_in(const Event& event) {
  const auto found = event.data.find("cause");
  const auto& cause = found != event.data.end() && found->is_object() ? *found : event.data;
  const auto kind = cause.value("kind", Json{});
  if (!kind.is_string() || !cause_kind(kind.get<std::string>())) return {};
  const auto remedy = cause.value("remedy", "");
  return " cause=" + kind.get<std::string>() + (remedy.empty() ? "" : " " + printable(remedy));
}

}  // namespace

EventLog::EventLog(caf::actor_config& config, std::shared_ptr<Metrics> metrics)
    : Actor(config, "event-log"), metrics_(std::move(metrics)) {}

EventLog::Behavior EventLog::make_behavior() {
  return {[this](const Recorded& recorded) {
    const auto& event = *recorded.event;
    metrics_->observe(event);
    spdlog::log(level_of(event), "{} session={} vm={} child={} seq={} {}{}", event.kind,
                event.session, event.vm, event.child, event.seq, printable(sentence_of(event)),
                cause_in(event));
  }};
}

}  // namespace aerie
