#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>

#include "messages/cause.hpp"
#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {

/// The controller's end of the doctor's test of the network: for each offer of a browser a process
/// of its own (`aerie-stream --network-test`), which has the streamer's ICE agent and is nobody's
/// guest. It goes by itself after half a minute.
class NetworkTests {
 public:
  static constexpr std::size_t most = 8;  ///< at a time

  struct Options {
    std::string program;
    std::string media_registry;  ///< GStreamer's; empty: it makes one
    std::string media_ports;     ///< UDP ports to try, `FIRST-LAST`; empty: any
    std::optional<SpawnRequest::Identity> identity;
  };

  NetworkTests(Reactor& reactor, Options options);
  NetworkTests(const NetworkTests&) = delete;
  NetworkTests& operator=(const NetworkTests&) = delete;
  ~NetworkTests() { stop(); }

  /// Ends those that run, and begins no more. Before the reactor ends.
  void stop();

  /// `request`: `{offer, transport, iceServers, publicAddress?}`. From any thread; `done` is called
  /// once, on the reactor's. Errors: `quota`, `link-violation` for the offer, else why it failed.
  using Answered = std::function<void(Result<std::string> sdp)>;
  void answer(Json request, Answered done);

 private:
  struct Test {
    std::unique_ptr<Process> process;
    Answered done;  ///< empty: it was answered
    TimerId deadline;
  };
  void begin(const Json& request, Answered done);
  void on_line(std::uint64_t number, const LogLine& line);
  void on_exit(std::uint64_t number, const ExitRecord& record);
  void settle(std::uint64_t number, Result<std::string> answer);

  Reactor& reactor_;
  Options options_;
  // On the reactor's thread:
  std::map<std::uint64_t, Test> tests_;
  std::uint64_t next_ = 1;
  bool is_stopped_ = false;
};

}  // namespace aerie
