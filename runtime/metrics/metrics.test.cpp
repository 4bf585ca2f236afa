#include "runtime/metrics/metrics.hpp"

#include <catch2/catch.hpp>

using namespace aerie;
using Catch::Contains;

namespace {

constexpr Instant noon{Duration{1'700'000'000'000}};

/// Tells events of one session, and reads what is counted.
struct Ledger {
  void tell(const std::string& kind, Json data, Duration after = Duration{0},
            const std::string& child = {}) {
    Event event;
    event.kind = kind;
    event.at = noon + after;
    event.session = "s";
    event.vm = "v";
    event.child = child;
    event.data = std::move(data);
    metrics.observe(event);
  }
  [[nodiscard]] std::string text() const { return metrics.text(snapshot); }

  Metrics metrics;
  MetricsSnapshot snapshot;
};

ActorFacts actor(const std::string& kind, const std::string& state, std::uint64_t mailbox) {
  ActorFacts facts;
  facts.kind = kind;
  facts.face.state = state;
  facts.mailbox = mailbox;
  facts.oldest = std::chrono::milliseconds{250 * static_cast<int>(mailbox)};
  facts.p99 = std::chrono::microseconds{40};
  return facts;
}

}  // namespace

TEST_CASE("gauges say what is there, with a 0 for what could be", "[metrics]") {
  Ledger ledger;
  ledger.snapshot.actors = {actor("session", "ready", 0), actor("session", "ready", 2),
                            actor("vm", "booting", 1), actor("peer", "running", 0)};
  ledger.snapshot.resources = {{}, {}};
  ledger.snapshot.resources[0].kind = "slot";
  ledger.snapshot.resources[1].kind = "slot";
  ledger.snapshot.dropped_log_bytes = 12;
  ledger.snapshot.node.draining = true;
  ledger.snapshot.node.pool = {{"browser", "process", 3, 2, 1, Duration{1500}}};
  const auto text = ledger.text();
  for (const auto* line :
       {"# TYPE aerie_sessions gauge", "aerie_sessions{state=\"ready\"} 2",
        "aerie_sessions{state=\"starting\"} 0", "aerie_vms{state=\"booting\"} 1",
        "aerie_streams{state=\"up\"} 0", "aerie_actors{kind=\"peer\"} 1",
        "aerie_mailbox_messages{kind=\"session\"} 2",
        "aerie_mailbox_oldest_seconds{kind=\"session\"} 0.5", "aerie_resources{kind=\"slot\"} 2",
        "# TYPE aerie_log_dropped_bytes_total counter", "aerie_log_dropped_bytes_total 12",
        "aerie_draining 1", "aerie_pool_wanted{profile=\"browser\",driver=\"process\"} 3",
        "aerie_pool_ready{profile=\"browser\",driver=\"process\"} 2",
        "aerie_pool_starting{profile=\"browser\",driver=\"process\"} 1",
        "aerie_pool_oldest_seconds{profile=\"browser\",driver=\"process\"} 1.5",
        "aerie_resources_quarantined_total 0"}) {
    INFO(line);
    CHECK_THAT(text, Contains(std::string(line) + "\n"));
  }
  CHECK_THAT(text, Contains("aerie_actor_handling_p99_seconds{kind=\"peer\"} "));
}

TEST_CASE("the stages of a start are measured from creation", "[metrics]") {
  Ledger ledger;
  ledger.tell("session.stage", {{"stage", "ready"}, {"atMs", 1200}});
  ledger.tell("session.stage", {{"stage", "ready"}, {"atMs", 80}});
  ledger.tell("session.stage", {{"stage", "ready"}, {"atMs", "soon"}});
  ledger.tell("session.state", {{"state", "failed"}, {"cause", {{"kind", "crash-loop"}}}});
  const auto text = ledger.text();
  CHECK_THAT(text, Contains("aerie_session_stage_seconds_count{stage=\"ready\"} 2\n"));
  CHECK_THAT(text, Contains("aerie_session_stage_seconds_sum{stage=\"ready\"} 1.28\n"));
  CHECK_THAT(text, Contains("aerie_session_stage_seconds_bucket{stage=\"ready\",le=\"1\"} 1\n"));
  CHECK_THAT(text, Contains("aerie_session_failures_total{cause=\"crash-loop\"} 1\n"));
}

TEST_CASE("a streamer's crash is measured to the word and to the picture", "[metrics]") {
  Ledger ledger;
  const Json exit{
      {"kind", "signal"}, {"message", "stream was ended by SIGKILL."}, {"at", to_rfc3339(noon)}};
  // Another child's end is no crash of the stream.
  ledger.tell("child.exited", {{"kind", "exit-code"}, {"message", "browser ended."}}, Duration{0},
              "browser");
  ledger.tell("stream.state", {{"state", "restarting"}, {"cause", exit}}, Duration{1});
  CHECK_THAT(ledger.text(), !Contains("aerie_crash_signal_seconds_count"));

  ledger.tell("child.exited", exit, Duration{2}, "stream");
  ledger.tell("stream.state", {{"state", "restarting"}, {"cause", exit}}, Duration{4});
  ledger.tell("child.restarting", {{"detail", "At once."}}, Duration{4}, "stream");
  ledger.tell("stream.state", {{"state", "starting"}, {"cause", exit}}, Duration{5});
  ledger.tell("stream.state", {{"state", "up"}}, Duration{60});
  ledger.tell("stream.state", {{"state", "up"}}, Duration{90});
  const auto text = ledger.text();
  for (const auto* line :
       {"aerie_crash_signal_seconds_count 1", "aerie_crash_signal_seconds_sum 0.004",
        "aerie_stream_recovery_seconds_count 1", "aerie_stream_recovery_seconds_sum 0.06",
        "aerie_child_exits_total{cause=\"signal\"} 1",
        "aerie_child_exits_total{cause=\"exit-code\"} 1",
        "aerie_child_restarts_total{cause=\"signal\"} 1"}) {
    INFO(line);
    CHECK_THAT(text, Contains(std::string(line) + "\n"));
  }
}

TEST_CASE("retirements, resources and answers are counted by what they were", "[metrics]") {
  Ledger ledger;
  ledger.tell("retire.proposed", {{"proposal", "p"}, {"reason", "idle"}});
  ledger.tell("retire.answered", {{"proposal", "p"}, {"answer", "keep"}});
  ledger.tell("retire.granted", {{"proposal", "p"}});
  ledger.tell("retire.answered", {{"proposal", "p"}, {"answer", "keep"}});
  ledger.tell("retire.escalated", Json::object());
  ledger.tell("resource.acquired", {{"kind", "directory"}, {"name", "d"}});
  ledger.tell("resource.released", {{"kind", "directory"}, {"name", "d"}});
  ledger.tell("resource.quarantined", Json::object());
  ledger.tell("vm.replaced", Json::object());
  ledger.tell("something.new", Json::object());
  ledger.metrics.count_response(200);
  ledger.metrics.count_response(200);
  const auto text = ledger.text();
  for (const auto* line : {"aerie_retirement_proposals_total{reason=\"idle\"} 1",
                           "aerie_retirement_answers_total{answer=\"keep\",reason=\"idle\"} 1",
                           "aerie_retirement_answers_total{answer=\"keep\",reason=\"unknown\"} 1",
                           "aerie_retirement_escalations_total 1",
                           "aerie_resources_acquired_total{kind=\"directory\"} 1",
                           "aerie_resources_released_total{kind=\"directory\"} 1",
                           "aerie_resources_quarantined_total 1", "aerie_vm_replacements_total 1",
                           "aerie_http_responses_total{status=\"200\"} 2"}) {
    INFO(line);
    CHECK_THAT(text, Contains(std::string(line) + "\n"));
  }
}

TEST_CASE("a word that is no cause becomes no label", "[metrics]") {
  Ledger ledger;
  ledger.tell("child.exited", {{"kind", "what the guest made up"}}, Duration{0}, "browser");
  CHECK_THAT(ledger.text(), Contains("aerie_child_exits_total{cause=\"other\"} 1\n"));
}

TEST_CASE("what streams make is added up", "[metrics]") {
  Ledger ledger;
  using std::chrono::microseconds;
  const StreamFigures figures{Duration{1000},
                              {{"h264", 5000, {microseconds{3000}, microseconds{7000}}}},
                              {microseconds{800}}};
  ledger.metrics.add(figures);
  ledger.metrics.add(figures);
  ledger.metrics.add(SignalingStep::offer, Duration{90});
  ledger.metrics.add(SignalingStep::answer, Duration{20});
  ledger.metrics.add(SignalingStep::answer, Duration{10});
  ledger.tell("stream.recovered", {{"afterMs", 240}});
  ledger.tell("stream.encoder", {{"viewer", "v"}, {"codec", "h264"}, {"encoder", "x264enc"}});
  const auto text = ledger.text();
  for (const auto* line :
       {"aerie_stream_frames_total{codec=\"h264\"} 4", "aerie_stream_frames_total{codec=\"vp8\"} 0",
        "aerie_stream_encoded_bytes_total{codec=\"h264\"} 10000",
        "aerie_stream_encode_seconds_count{codec=\"h264\"} 4",
        "aerie_stream_encode_seconds_bucket{codec=\"h264\",le=\"0.005\"} 2",
        "aerie_signaling_seconds_sum{step=\"offer\"} 0.09",
        "aerie_signaling_seconds_sum{step=\"answer\"} 0.03",
        "aerie_stream_encoder_total{codec=\"h264\",encoder=\"x264enc\"} 1",
        "aerie_stream_round_trip_seconds_count 2", "aerie_crash_frame_seconds_sum 0.24"}) {
    INFO(line);
    CHECK_THAT(text, Contains(std::string(line) + "\n"));
  }
}
