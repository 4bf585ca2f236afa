// Viewers that decode nothing, so that many of them fit beside what is measured. They are told what
// to do over a control socket: `offer`, with the codec to take, and `candidate`, each with an
// epoch, are answered as a viewer answers them; `count` by the pictures that each has had so far.
#include <cstdio>
#include <cstdlib>
#include <map>

#include "benchmarks/stream_receivers/receiver.hpp"
#include "guest/stream/control_channel.hpp"

namespace {

using namespace aerie;
using namespace aerie::stream;

class Receivers {
 public:
  Receivers(EventLoop& loop, UniqueFd control)
      : loop_(loop),
        control_(loop, std::move(control),
                 {.message = [this](const Json& message) { received(message); },
                  .closed = [this](const std::optional<Cause>&) { loop_.stop(); }}) {}

 private:
  void received(const Json& message) {
    const auto type = message.at("type").get<std::string>();
    if (type == "count") return count();
    const auto epoch = message.at("epoch").get<Epoch>();
    auto& receiver = receivers_[epoch];
    if (type == "offer") {
      receiver = bench::Receiver::create(
          loop_, epoch, codec_named(message.at("codec").get<std::string>()).value(),
          [this](const Json& says) { control_.send(says); });
      receiver->take_offer(message.at("sdp"));
    } else if (type == "candidate") {
      receiver->add_candidate(message.at("candidate"), message.at("sdpMLineIndex"));
    }
  }

  void count() {
    Json pictures = Json::array();
    for (const auto& [epoch, receiver] : receivers_)
      pictures.push_back({epoch, receiver->pictures()});
    control_.send({{"type", "counted"}, {"pictures", std::move(pictures)}});
  }

  EventLoop& loop_;
  ControlChannel control_;
  std::map<Epoch, std::shared_ptr<bench::Receiver>> receivers_;
};

}  // namespace

int main() {
  const char* control = std::getenv("AERIE_CONTROL_FD");
  if (control == nullptr) {
    std::fprintf(stderr, "usage: AERIE_CONTROL_FD=N stream-receivers\n");
    return 2;
  }
  gst_init(nullptr, nullptr);
  EventLoop loop;
  {
    const Receivers receivers{loop, UniqueFd{std::atoi(control)}};
    loop.run();
  }
  return 0;
}
