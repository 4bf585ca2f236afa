#pragma once

#include <map>

#include "benchmarks/stream/contestant.hpp"
#include "tests/support/udp_relay.hpp"

namespace aerie::bench {

/// Viewers that take a stream's packets and answer as browsers do, but decode nothing. All of them
/// are one process of their own (`stream_receivers/`), so what they cost is not the streamer's.
class Receivers {
 public:
  /// The streamer must outlive them.
  explicit Receivers(RunningContestant& streamer);

  /// One more, under an epoch that nobody has, with a relay through that alone, which must outlive
  /// it; `codec` is called as in the streamer's figures. Waits until it is connected. Throws when
  /// it is not.
  void join(int epoch, const std::string& codec, test::UdpRelay* relay = nullptr);

  /// How many whole pictures each has had so far, by its epoch.
  [[nodiscard]] std::map<int, int> pictures();
  [[nodiscard]] pid_t pid() const { return process_.pid(); }

 private:
  struct Viewer {
    std::string codec;
    test::UdpRelay* relay = nullptr;
    bool is_connected = false;
  };
  void streamer_said(Json message);
  void receivers_said(Json message);

  RunningContestant& streamer_;
  ControlledProcess process_;
  std::map<int, Viewer> viewers_;
};

}  // namespace aerie::bench
