#include "runtime/controller/event_log.hpp"

#include "runtime/controller/log_output.hpp"

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

/// What an event gives as the reason; none where all is well.
std::optional<Json> cause_in(const Event& event) {
  const auto found = event.data.find("cause");
  const auto& cause = found != event.data.end() && found->is_object() ? *found : event.data;
  const auto kind = cause.value("kind", Json{});
  if (!kind.is_string() || !cause_kind(kind.get<std::string>())) return std::nullopt;
  return cause;
}

/// The actor whose course an event is of, as `tree` and `trace` name it: `vm 1a2b…`. Events don't
/// carry who told them, but the kind says it.
std::string actor_of(const Event& event) {
  const auto family = event.kind.substr(0, event.kind.find('.'));
  if (family == "retire") return "reaper";
  if (family == "tombstone") return "ledger";
  if (family == "node") return "node";
  const bool is_of_guest = family == "child" || family == "resource" || family == "doctor" ||
                           event.kind == "vm.state" || event.session.empty();
  if (is_of_guest && !event.vm.empty()) return "vm " + event.vm;
  if (!event.session.empty()) return "session " + event.session;
  return "ledger";  // the store's own
}

Json fields_of(const Event& event, const std::optional<Json>& cause) {
  Json fields{{"event", event.kind}, {"seq", event.seq}, {"actor", actor_of(event)}};
  for (const auto& [name, value] : {std::pair{"session", &event.session},
                                    std::pair{"vm", &event.vm}, std::pair{"child", &event.child}})
    if (!value->empty()) fields[name] = *value;
  if (cause) {
    fields["cause"] = cause->at("kind");
    fields["remedy"] = cause->value("remedy", "");
  }
  return fields;
}

std::string text_of(const Event& event, const std::string& sentence,
                    const std::optional<Json>& cause) {
  auto text = event.kind + " session=" + event.session + " vm=" + event.vm +
              " child=" + event.child + " actor=\"" + actor_of(event) +
              "\" seq=" + std::to_string(event.seq) + " " + printable(sentence);
  if (!cause) return text;
  const auto remedy = cause->value("remedy", "");
  return text + " cause=" + cause->at("kind").get<std::string>() +
         (remedy.empty() ? "" : " " + printable(remedy));
}

}  // namespace

EventLog::EventLog(caf::actor_config& config, std::shared_ptr<Metrics> metrics)
    : Actor(config, "event-log"), metrics_(std::move(metrics)) {}

EventLog::Behavior EventLog::make_behavior() {
  return {[this](const Recorded& recorded) {
    const auto& event = *recorded.event;
    metrics_->observe(event);
    const auto sentence = sentence_of(event);
    const auto cause = cause_in(event);
    log_line(level_of(event), fields_of(event, cause), sentence, text_of(event, sentence, cause));
  }};
}

}  // namespace aerie
