#pragma once

#include <map>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "messages/event.hpp"
#include "runtime/metrics/metrics.hpp"

namespace aerie {

/// What `Metrics` counts as events pass.
class Metrics::Counts {
 public:
  Counts();

  void observe(const Event& event);
  void count_response(int status);
  void add(const StreamFigures& figures);
  void add(SignalingStep step, Duration took);
  [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const {
    return registry_.Collect();
  }

 private:
  using Counters = prometheus::Family<prometheus::Counter>;
  using Histograms = prometheus::Family<prometheus::Histogram>;

  Counters& counters(const char* name, const char* help);
  Histograms& histograms(const char* name, const char* help);
  void on_session(const Event& event);
  void on_child(const Event& event);
  void on_stream(const Event& event);
  void on_retirement(const Event& event);
  void on_resource(const Event& event);
  [[nodiscard]] std::string reason_of(const std::string& proposal);

  /// How the last process ended that a stream went down with.
  struct Crash {
    Instant at{};
    std::string message;
    bool is_told = false;  ///< the viewers know
  };

  prometheus::Registry registry_;
  Counters& session_states_;
  Counters& session_failures_;
  Histograms& stages_;
  Counters& replacements_;
  Counters& exits_;
  Counters& restarts_;
  Counters& given_up_;
  Histograms& crash_signals_;
  Histograms& recoveries_;
  Histograms& crash_frames_;
  Counters& proposals_;
  Counters& answers_;
  Counters& escalations_;
  Counters& deadlines_;
  Counters& acquired_;
  Counters& released_;
  Counters& quarantined_;
  Counters& tombstones_;
  Counters& viewers_;
  Counters& checks_;
  Counters& responses_;
  Counters& frames_;
  Counters& encoders_;
  Counters& bytes_;
  Histograms& encode_times_;
  Histograms& round_trips_;
  Histograms& signaling_;

  std::mutex mutex_;                                ///< of what follows
  std::map<std::string, Crash> crashes_;            ///< by session
  std::map<std::string, std::string> reasons_;      ///< of proposals that are open
  std::map<std::string, std::string> last_causes_;  ///< by VM and child, until it is restarted
};

}  // namespace aerie
