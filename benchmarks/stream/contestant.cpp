#include "benchmarks/stream/contestant.hpp"

#include "benchmarks/stream/display.hpp"

namespace aerie::bench {
namespace {

constexpr int frames_per_second = 30;  // what the shipped profiles ask for; peers have their own

}  // namespace

std::vector<Contestant> contestants() {
  return {{"aerie", {AERIE_STREAM}},
          {"VP8 at 25 fps", {AERIE_STREAM_PEER, "vp8"}},
          {"x264 at 60 fps", {AERIE_STREAM_PEER, "x264"}}};
}

RunningContestant::RunningContestant(const Contestant& contestant)
    : ControlledProcess(contestant.name, contestant.argv) {
  say({{"type", "configure"},
       {"display",
        {{"width", Display::width}, {"height", Display::height}, {"fps", frames_per_second}}},
       {"iceServers", Json::array()}});
  while (hear()["type"] != "ready")
    continue;
}

}  // namespace aerie::bench
