#include "benchmarks/stream/controlled_process.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace aerie::bench {
namespace {

constexpr std::chrono::seconds patience{30};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void print(const std::vector<LogLine>& lines) {
  for (const auto& line : lines)
    std::fprintf(stderr, "%s\n", line.text.c_str());
}

}  // namespace

ControlledProcess::ControlledProcess(const std::string& name,
                                     const std::vector<std::string>& argv) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw std::runtime_error("no control socket");
  control_ = UniqueFd{ends[0]};
  const UniqueFd theirs{ends[1]};
  SpawnRequest request;
  request.argv = argv;
  request.env = {{"PATH", variable("PATH")},
                 {"HOME", variable("HOME")},
                 {"DISPLAY", variable("DISPLAY")},
                 {"AERIE_CONTROL_FD", "3"}};
  request.fds = {{theirs.get(), 3}};
  request.parent_death_signal = SIGKILL;
  reactor_.call([&] {
    if (auto started = Process::start(reactor_, name, request, {print, {}, {}}))
      process_ = std::move(*started);
  });
  if (!process_) throw std::runtime_error(argv.front() + " does not start");
}

ControlledProcess::~ControlledProcess() {
  reactor_.call([this] { process_.reset(); });
}

void ControlledProcess::say(const Json& message) {
  const auto frame = encode_frame(message);
  if (!frame || ::send(control_.get(), frame->data(), frame->size(), MSG_NOSIGNAL) !=
                    static_cast<ssize_t>(frame->size()))
    throw std::runtime_error(process_->program() + " hears nothing");
}

Json ControlledProcess::hear() {
  auto message = hear_before(std::chrono::steady_clock::now() + patience);
  if (!message) throw std::runtime_error(process_->program() + " says nothing");
  return std::move(*message);
}

std::optional<Json> ControlledProcess::hear_before(Time deadline) {
  while (heard_.empty()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd wait{control_.get(), POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) != 1)
      return std::nullopt;
    receive();
  }
  auto message = std::move(heard_.front());
  heard_.erase(heard_.begin());
  return message;
}

ControlledProcess& ControlledProcess::speaker(ControlledProcess& one, ControlledProcess& other) {
  while (one.heard_.empty() && other.heard_.empty()) {
    std::array<pollfd, 2> wait{
        {{one.control_.get(), POLLIN, 0}, {other.control_.get(), POLLIN, 0}}};
    const std::chrono::milliseconds longest{patience};
    if (::poll(wait.data(), wait.size(), static_cast<int>(longest.count())) < 1)
      throw std::runtime_error(one.process_->program() + " and " + other.process_->program() +
                               " say nothing");
    if (wait[0].revents != 0) one.receive();
    if (wait[1].revents != 0) other.receive();
  }
  return one.heard_.empty() ? other : one;
}

void ControlledProcess::receive() {
  std::array<char, 64 * 1024> bytes{};
  const auto count = ::recv(control_.get(), bytes.data(), bytes.size(), 0);
  if (count <= 0) throw std::runtime_error(process_->program() + " has ended");
  auto messages = decoder_.feed({bytes.data(), static_cast<std::size_t>(count)});
  if (!messages) throw std::runtime_error(messages.error().message);
  for (auto& message : *messages)
    heard_.push_back(std::move(message));
}

}  // namespace aerie::bench
