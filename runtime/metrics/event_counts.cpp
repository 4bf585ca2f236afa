#include "runtime/metrics/event_counts.hpp"

#include "messages/time.hpp"

namespace aerie {
namespace {

/// Proposals that are open; more are told of without their reasons.
constexpr std::size_t most_proposals = 10'000;

/// In seconds: from a supervisor's milliseconds to the boot of an emulated VM.
const prometheus::Histogram::BucketBoundaries& buckets() {
  static const prometheus::Histogram::BucketBoundaries all{
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120};
  return all;
}

std::string word(const Json& data, const char* field) {
  const auto found = data.find(field);
  return found != data.end() && found->is_string() ? found->get<std::string>() : "";
}

/// A cause's kind is of a closed list; whatever else stands there is no label.
std::string cause_label(const std::string& kind) {
  return cause_kind(kind) ? kind : "other";
}

std::string step_label(SignalingStep step) {
  return step == SignalingStep::offer ? "offer" : "answer";
}

double seconds(Duration time) {
  return std::chrono::duration<double>(std::max(time, Duration{0})).count();
}

}  // namespace

Metrics::Counts::Counts()
    : session_states_(counters("aerie_session_states_total", "States that sessions entered.")),
      session_failures_(
          counters("aerie_session_failures_total", "Sessions that failed, by cause.")),
      stages_(histograms("aerie_session_stage_seconds",
                         "From a session's creation to each stage of its start.")),
      replacements_(counters("aerie_vm_replacements_total", "Guests that were replaced.")),
      exits_(counters("aerie_child_exits_total", "Ends of guests' processes, by cause.")),
      restarts_(counters("aerie_child_restarts_total",
                         "Restarts of guests' processes, by the cause of the end before.")),
      given_up_(counters("aerie_child_given_up_total",
                         "Guests' processes that are not restarted any more, by cause.")),
      crash_signals_(histograms("aerie_crash_signal_seconds",
                                "From the end of a streamer until its viewers were told.")),
      recoveries_(histograms("aerie_stream_recovery_seconds",
                             "From the end of a streamer until its stream was up again.")),
      crash_frames_(histograms("aerie_crash_frame_seconds",
                               "From the end of a streamer until a viewer was sent its next "
                               "picture.")),
      proposals_(
          counters("aerie_retirement_proposals_total", "The reaper's proposals, by reason.")),
      answers_(counters("aerie_retirement_answers_total",
                        "Answers to proposals, by answer and by the proposal's reason.")),
      escalations_(counters("aerie_retirement_escalations_total",
                            "Proposals that no session answered in time.")),
      deadlines_(counters("aerie_deadlines_passed_total", "Deadlines that passed.")),
      acquired_(counters("aerie_resources_acquired_total", "Resources of guests, by kind.")),
      released_(counters("aerie_resources_released_total", "Resources given back, by kind.")),
      quarantined_(counters("aerie_resources_quarantined_total",
                            "Resources that nobody owned or that could not be released.")),
      tombstones_(counters("aerie_tombstones_total", "Tombstones that were written.")),
      viewers_(counters("aerie_viewers_joined_total", "Viewers that joined, by role.")),
      checks_(counters("aerie_check_failures_total", "Failures of the host's checks, by check.")),
      responses_(counters("aerie_http_responses_total", "Answers of the HTTP API, by status.")),
      frames_(counters("aerie_stream_frames_total", "Pictures that were encoded, by codec.")),
      encoders_(counters("aerie_stream_encoder_total",
                         "Viewers whose pictures an encoder began to make, by encoder.")),
      bytes_(counters("aerie_stream_encoded_bytes_total", "Bytes of encoded pictures, by codec.")),
      encode_times_(histograms("aerie_stream_encode_seconds",
                               "From a picture at its encoder to the encoded one, by codec.")),
      round_trips_(histograms("aerie_stream_round_trip_seconds",
                              "To viewers and back, by their reports; each stream once a second "
                              "while it changes.")),
      signaling_(histograms("aerie_signaling_seconds",
                            "From the wish for a peer until its viewer was offered it, and from "
                            "there to the viewer's answer, by step.")) {
  // There from the start, so that the first one is seen as a rise.
  for (const auto* codec : {"h264", "vp8"}) {
    frames_.Add({{"codec", codec}});
    bytes_.Add({{"codec", codec}});
    encode_times_.Add({{"codec", codec}}, buckets());
  }
  for (const auto step : {SignalingStep::offer, SignalingStep::answer})
    signaling_.Add({{"step", step_label(step)}}, buckets());
  round_trips_.Add({}, buckets());
  crash_frames_.Add({}, buckets());
  for (auto* family : {&replacements_, &escalations_, &deadlines_, &tombstones_, &quarantined_})
    family->Add({});
}

Metrics::Counts::Counters& Metrics::Counts::counters(const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
}

Metrics::Counts::Histograms& Metrics::Counts::histograms(const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_);
}

void Metrics::Counts::count_response(int status) {
  responses_.Add({{"status", std::to_string(status)}}).Increment();
}

void Metrics::Counts::add(const StreamFigures& figures) {
  for (const auto& each : figures.encoders) {
    frames_.Add({{"codec", each.codec}}).Increment(static_cast<double>(each.times.size()));
    bytes_.Add({{"codec", each.codec}}).Increment(static_cast<double>(each.bytes));
    auto& times = encode_times_.Add({{"codec", each.codec}}, buckets());
    for (const auto time : each.times)
      times.Observe(std::chrono::duration<double>(time).count());
  }
  auto& trips = round_trips_.Add({}, buckets());
  for (const auto trip : figures.round_trips)
    trips.Observe(std::chrono::duration<double>(trip).count());
}

void Metrics::Counts::add(SignalingStep step, Duration took) {
  signaling_.Add({{"step", step_label(step)}}, buckets()).Observe(seconds(took));
}

void Metrics::Counts::observe(const Event& event) {
  const auto& kind = event.kind;
  if (kind.starts_with("session.")) return on_session(event);
  if (kind.starts_with("child.")) return on_child(event);
  if (kind.starts_with("retire.")) return on_retirement(event);
  if (kind.starts_with("resource.")) return on_resource(event);
  if (kind == "stream.state") return on_stream(event);
  if (kind == "stream.recovered") {
    const auto after = event.data.value("afterMs", Json{});
    if (after.is_number_integer())
      crash_frames_.Add({}, buckets()).Observe(seconds(Duration{after.get<std::int64_t>()}));
  }
  if (kind == "stream.encoder")
    encoders_.Add({{"codec", word(event.data, "codec")}, {"encoder", word(event.data, "encoder")}})
        .Increment();
  if (kind == "vm.replaced") replacements_.Add({}).Increment();
  if (kind == "deadline.passed") deadlines_.Add({}).Increment();
  if (kind == "tombstone.written") tombstones_.Add({}).Increment();
  if (kind == "viewer.joined") viewers_.Add({{"role", word(event.data, "role")}}).Increment();
  if (kind == "doctor.failed") checks_.Add({{"check", word(event.data, "check")}}).Increment();
}

void Metrics::Counts::on_session(const Event& event) {
  if (event.kind == "session.stage") {
    const auto at = event.data.value("atMs", Json{});
    if (at.is_number_integer())
      stages_.Add({{"stage", word(event.data, "stage")}}, buckets())
          .Observe(seconds(Duration{at.get<std::int64_t>()}));
    return;
  }
  const auto state = word(event.data, "state");
  session_states_.Add({{"state", state}}).Increment();
  if (state == "failed") {
    const auto cause = event.data.value("cause", Json::object());
    session_failures_.Add({{"cause", cause_label(word(cause, "kind"))}}).Increment();
  }
  if (state != "failed" && state != "ended") return;
  const std::lock_guard lock{mutex_};
  crashes_.erase(event.session);
  std::erase_if(last_causes_,
                [&](const auto& each) { return each.first.starts_with(event.vm + "/"); });
}

void Metrics::Counts::on_child(const Event& event) {
  const auto subject = event.vm + "/" + event.child;
  if (event.kind == "child.exited") {
    const auto cause = cause_label(word(event.data, "kind"));
    exits_.Add({{"cause", cause}}).Increment();
    const auto at = from_rfc3339(word(event.data, "at"));
    const std::lock_guard lock{mutex_};
    last_causes_[subject] = cause;
    if (!event.session.empty())
      crashes_[event.session] = {at.value_or(event.at), word(event.data, "message"), false};
  } else if (event.kind == "child.restarting") {
    std::string cause = "other";
    {
      const std::lock_guard lock{mutex_};
      if (const auto known = last_causes_.extract(subject)) cause = known.mapped();
    }
    restarts_.Add({{"cause", cause}}).Increment();
  } else if (event.kind == "child.given-up") {
    const auto cause = event.data.value("cause", Json::object());
    given_up_.Add({{"cause", cause_label(word(cause, "kind"))}}).Increment();
  }
}

/// The end of a streamer comes first, then the stream's state with the same words.
void Metrics::Counts::on_stream(const Event& event) {
  const std::lock_guard lock{mutex_};
  const auto crash = crashes_.find(event.session);
  if (crash == crashes_.end()) return;
  if (word(event.data, "state") == "up") {
    if (crash->second.is_told)
      recoveries_.Add({}, buckets()).Observe(seconds(event.at - crash->second.at));
    crashes_.erase(crash);
    return;
  }
  const auto cause = event.data.value("cause", Json{});
  if (crash->second.is_told || !cause.is_object() ||
      word(cause, "message") != crash->second.message)
    return;
  crash->second.is_told = true;
  crash_signals_.Add({}, buckets()).Observe(seconds(event.at - crash->second.at));
}

void Metrics::Counts::on_retirement(const Event& event) {
  const auto proposal = word(event.data, "proposal");
  if (event.kind == "retire.proposed") {
    const auto reason = word(event.data, "reason");
    proposals_.Add({{"reason", reason}}).Increment();
    const std::lock_guard lock{mutex_};
    if (reasons_.size() < most_proposals) reasons_[proposal] = reason;
  } else if (event.kind == "retire.answered") {
    answers_.Add({{"answer", word(event.data, "answer")}, {"reason", reason_of(proposal)}})
        .Increment();
  } else if (event.kind == "retire.granted") {
    const std::lock_guard lock{mutex_};
    reasons_.erase(proposal);
  } else if (event.kind == "retire.escalated") {
    escalations_.Add({}).Increment();
  }
}

/// Of an earlier controller's it is not known.
std::string Metrics::Counts::reason_of(const std::string& proposal) {
  const std::lock_guard lock{mutex_};
  const auto found = reasons_.find(proposal);
  return found == reasons_.end() ? "unknown" : found->second;
}

void Metrics::Counts::on_resource(const Event& event) {
  if (event.kind == "resource.quarantined") {
    quarantined_.Add({}).Increment();
    return;
  }
  auto& family = event.kind == "resource.acquired" ? acquired_ : released_;
  family.Add({{"kind", word(event.data, "kind")}}).Increment();
}

}  // namespace aerie
