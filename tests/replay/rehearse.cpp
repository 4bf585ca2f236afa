#include "tests/replay/rehearse.hpp"

#include <algorithm>

#include "tests/replay/scene.hpp"

namespace aerie::replay {

const Json* cause_in(const Json& message, std::string_view kind) {
  const auto is_it = [&](const Json& json) {
    return json.is_object() && json.value("kind", Json{}) == kind && json.contains("message");
  };
  for (const auto* holder : {"data", "cause", "exit"})
    if (const auto found = message.find(holder); found != message.end()) {
      if (is_it(*found)) return &*found;
      if (found->is_object())
        if (const auto inner = found->find("cause"); inner != found->end() && is_it(*inner))
          return &*inner;
    }
  return nullptr;
}

namespace {

/// Looks at every surface and notes what is wrong.
class Examination {
 public:
  Examination(const Fault& fault, Scene& scene, Finding& finding)
      : fault_(fault), scene_(scene), kind_(to_string(fault.kind)), finding_(finding) {}

  void of_session() {
    const auto event = look("event", scene_.events);
    if (event) {
      finding_.found = kind_;
      finding_.verdict_ms = since(event->at);
    } else {
      finding_.found = scene_.world().why(scene_.session).at("cause").value("kind", "none");
    }
    if (const auto told = look("viewer's message", scene_.viewer))
      finding_.viewer_ms = since(told->at);
    check_why();
    check_log();
    check_child_log();
  }

  void of_refusal() {
    finding_.verdict_ms = since(Clock::now());
    const auto message = scene_.answer.value("message", "");
    const bool names_it = message.find(scene_.word) != std::string::npos;
    if (!names_it) finding_.wrong.push_back("the answer does not name it: " + scene_.answer.dump());
    finding_.found = scene_.answer.value("code", "none");
    if (finding_.found != kind_) finding_.wrong.push_back("the answer has another code");
    if (fault_.surface == Surface::answer) check_log();
    if (fault_.kind == CauseKind::store_failed) look("event", scene_.events);
  }

 private:
  [[nodiscard]] double since(Clock::time_point at) const {
    const std::chrono::duration<double, std::milli> passed = at - scene_.marked() - fault_.due;
    return passed.count();
  }

  /// Checks a cause's words.
  void check(const std::string& where, const Json& cause) {
    if (cause.value("message", "").find(scene_.word) == std::string::npos)
      finding_.wrong.push_back("the " + where + " does not name " + scene_.word + ": " +
                               cause.value("message", ""));
    if (cause.value("remedy", "").empty())
      finding_.wrong.push_back("the " + where + " has no remedy");
  }

  std::optional<Seen<Json>> look(const std::string& where, Witness<Json>& witness) {
    auto seen =
        witness.first([&](const Json& message) { return cause_in(message, kind_) != nullptr; });
    if (seen)
      check(where, *cause_in(seen->what, kind_));
    else
      finding_.wrong.push_back("no " + where + " of that kind came");
    return seen;
  }

  void check_why() {
    const auto why = scene_.world().why(scene_.session);
    auto causes = why.at("exits");
    causes.insert(causes.begin(), why.at("cause"));
    // A guest that was replaced meanwhile is history.
    for (const auto& entry : why.at("timeline"))
      causes.push_back(entry.value("cause", Json{}));
    const auto found = std::find_if(causes.begin(), causes.end(), [&](const Json& cause) {
      return cause.is_object() && cause.value("kind", "") == kind_;
    });
    if (found == causes.end())
      finding_.wrong.push_back("why does not know it: " + why.at("cause").dump());
    else
      check("why", *found);
  }

  void check_log() {
    const auto line = scene_.log.first([&](const std::string& text) {
      return text.find("cause=" + kind_ + " ") != std::string::npos &&
             text.find(scene_.word) != std::string::npos;
    });
    if (!line) finding_.wrong.push_back("the log does not tell it");
  }

  void check_child_log() {
    if (fault_.said.empty()) return;
    const auto log = scene_.world()
                         .http()
                         .get("/api/v1/sessions/" + scene_.session + "/logs?child=subject")
                         .body;
    if (log.find(fault_.said) == std::string::npos)
      finding_.wrong.push_back("its own log lacks its words: " + log);
  }

  const Fault& fault_;
  Scene& scene_;
  std::string kind_;
  Finding& finding_;
};

std::string number(const std::optional<double>& ms) {
  if (!ms) return "";
  if (*ms < 0) return "early";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", *ms);
  return text;
}

std::string outcome(const Finding& finding) {
  if (!finding.left_out.empty()) return "left out: " + finding.left_out;
  if (finding.wrong.empty()) return "ok";
  std::string text = "wrong";
  for (const auto& each : finding.wrong)
    text += "; " + each;
  return text;
}

}  // namespace

Finding rehearse(const Fault& fault) {
  Finding finding;
  finding.fault = fault.name;
  finding.expected = fault.kind;
  try {
    Scene scene{fault};
    if (fault.prepare) fault.prepare(scene);
    scene.open();
    fault.plant(scene);
    Examination examination{fault, scene, finding};
    if (fault.surface == Surface::session)
      examination.of_session();
    else
      examination.of_refusal();
  } catch (const LeftOut& why) {
    finding.left_out = why.what();
  } catch (const std::exception& error) {
    finding.wrong.emplace_back(error.what());
  }
  return finding;
}

std::string table(const std::vector<Finding>& findings) {
  std::string text =
      "| fault | kind found | to verdict, ms | to viewer, ms | |\n|---|---|---:|---:|---|\n";
  for (const auto& each : findings)
    text += "| " + each.fault + " | " +
            (each.found.empty() ? std::string{to_string(each.expected)} : each.found) + " | " +
            number(each.verdict_ms) + " | " + number(each.viewer_ms) + " | " + outcome(each) +
            " |\n";
  return text;
}

Json to_document(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const auto& each : findings) {
    Json one{{"fault", each.fault},
             {"expected", to_string(each.expected)},
             {"found", each.found},
             {"ok", each.wrong.empty()},
             {"wrong", each.wrong}};
    if (each.verdict_ms) one["verdictMs"] = *each.verdict_ms;
    if (each.viewer_ms) one["viewerMs"] = *each.viewer_ms;
    if (!each.left_out.empty()) one["leftOut"] = each.left_out;
    list.push_back(std::move(one));
  }
  return {{"faults", std::move(list)}};
}

}  // namespace aerie::replay
