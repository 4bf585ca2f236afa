#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/core/vitals.hpp"
#include "actors/ports/stream_meter.hpp"
#include "messages/event.hpp"
#include "messages/interfaces.hpp"
#include "messages/session.hpp"

namespace aerie {

/// What there is at the moment of a scrape.
struct MetricsSnapshot {
  std::vector<ActorFacts> actors;
  std::uint64_t dead_letters = 0;
  std::uint64_t dropped_log_bytes = 0;  ///< since the controller's start
  NodeFigures node;
  std::size_t sockets = 0;
  std::size_t event_readers = 0;
  std::size_t log_followers = 0;
  std::size_t console_commands = 0;
  std::vector<Resource> resources;  ///< not released
};

/// The figures for Prometheus, named after its conventions: base units, `_total` for counters.
/// Counters and histograms grow with the events, since the controller's start; gauges are what a
/// snapshot says. Thread-safe.
/// Source: https://prometheus.io/docs/practices/naming/
class Metrics : public StreamMeter {
 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics() override;

  /// Counts what an event tells. Events come in the order of their numbers.
  void observe(const Event& event);

  /// Counts what a stream made.
  void add(const StreamFigures& figures) override;
  void add(SignalingStep step, Duration took) override;

  /// Counts an answer of the HTTP API.
  void count_response(int status);

  /// The text exposition format, version 0.0.4.
  [[nodiscard]] std::string text(const MetricsSnapshot& snapshot) const;

 private:
  class Counts;
  std::unique_ptr<Counts> counts_;
};

}  // namespace aerie
