#include "benchmarks/stream/contestant.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include "benchmarks/stream/display.hpp"

namespace aerie::bench {
namespace {

constexpr int patience_ms = 30'000;
constexpr int frames_per_second = 30;  // what the shipped profiles ask for; peers have their own

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void print(const std::vector<LogLine>& lines) {
  for (const auto& line : lines)
    std::fprintf(stderr, "%s\n", line.text.c_str());
}

}  // namespace

std::vector<Contestant> contestants() {
  return {{"aerie", {AERIE_STREAM}},
          {"VP8 at 25 fps", {AERIE_STREAM_PEER, "vp8"}},
          {"x264 at 60 fps", {AERIE_STREAM_PEER, "x264"}}};
}

RunningContestant::RunningContestant(const Contestant& contestant) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw std::runtime_error("no control socket");
  control_ = UniqueFd{ends[0]};
  const UniqueFd theirs{ends[1]};
  SpawnRequest request;
  request.argv = contestant.argv;
  request.env = {{"PATH", variable("PATH")},
                 {"HOME", variable("HOME")},
                 {"DISPLAY", variable("DISPLAY")},
                 {"AERIE_CONTROL_FD", "3"}};
  request.fds = {{theirs.get(), 3}};
  request.parent_death_signal = SIGKILL;
  reactor_.call([&] {
    if (auto started = Process::start(reactor_, contestant.name, request, {print, {}, {}}))
      process_ = std::move(*started);
  });
  if (!process_) throw std::runtime_error(contestant.argv.front() + " does not start");
  say({{"type", "configure"},
       {"display",
        {{"width", Display::width}, {"height", Display::height}, {"fps", frames_per_second}}},
       {"iceServers", Json::array()}});
  while (hear()["type"] != "ready")
    continue;
}

RunningContestant::~RunningContestant() {
  reactor_.call([this] { process_.reset(); });
}

void RunningContestant::say(const Json& message) {
  const auto frame = encode_frame(message);
  if (!frame || ::send(control_.get(), frame->data(), frame->size(), MSG_NOSIGNAL) !=
                    static_cast<ssize_t>(frame->size()))
    throw std::runtime_error("the streamer hears nothing");
}

Json RunningContestant::hear() {
  while (heard_.empty()) {
    pollfd wait{control_.get(), POLLIN, 0};
    std::array<char, 64 * 1024> bytes{};
    if (::poll(&wait, 1, patience_ms) != 1) throw std::runtime_error("the streamer says nothing");
    const auto count = ::recv(control_.get(), bytes.data(), bytes.size(), 0);
    if (count <= 0) throw std::runtime_error("the streamer has ended");
    auto messages = decoder_.feed({bytes.data(), static_cast<std::size_t>(count)});
    if (!messages) throw std::runtime_error(messages.error().message);
    heard_ = std::move(*messages);
  }
  auto message = std::move(heard_.front());
  heard_.erase(heard_.begin());
  return message;
}

}  // namespace aerie::bench
