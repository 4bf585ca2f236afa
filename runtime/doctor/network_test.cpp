#include "runtime/doctor/network_test.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace aerie {
namespace {

constexpr Duration answer_within{20'000};  // a server that is silent takes four, a busy host more
constexpr int registry_fd = 9;

Cause failed(std::string message, std::string remedy) {
  return {CauseKind::network_failed, std::move(message), std::move(remedy), {}};
}

Cause failure_in(const Json& json) {
  try {
    return json.at("failure").get<Cause>();
  } catch (const Json::exception&) {
    return failed("The test's peer failed.", "See `aerie doctor` for what the host lacks.");
  }
}

/// A file in memory with this text, to be read from its beginning.
UniqueFd text_file(const std::string& text) {
  UniqueFd file{::memfd_create("network-test", MFD_CLOEXEC)};
  const bool is_whole =
      file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::lseek(file.get(), 0, SEEK_SET) == 0;
  return is_whole ? std::move(file) : UniqueFd{};
}

UniqueFd copy_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return {};
  return text_file({std::istreambuf_iterator<char>{file}, {}});
}

}  // namespace

NetworkTests::NetworkTests(Reactor& reactor, Options options)
    : reactor_(reactor), options_(std::move(options)) {}

void NetworkTests::stop() {
  reactor_.call([this] {
    is_stopped_ = true;
    for (auto& [number, test] : std::exchange(tests_, {})) {
      reactor_.cancel(test.deadline);
      if (test.done)
        test.done(tl::unexpected(failed("The controller stops.", "Ask again after its restart.")));
    }
  });
}

void NetworkTests::answer(Json request, Answered done) {
  const bool is_taken = reactor_.post(
      [this, request = std::move(request), done]() mutable { begin(request, std::move(done)); });
  if (!is_taken)
    done(tl::unexpected(failed("The controller stops.", "Ask again after its restart.")));
}

void NetworkTests::begin(const Json& request, Answered done) {
  if (is_stopped_ || tests_.size() >= most)
    return done(tl::unexpected(Cause{CauseKind::quota,
                                     "As many tests of the network run as may at a time.",
                                     "Ask again in half a minute.",
                                     {}}));
  const auto input = text_file(request.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!input)
    return done(tl::unexpected(
        failed(std::string{"The offer can't be handed on: "} + std::strerror(errno) + ".",
               "Look at the limits of descriptors and memory.")));
  SpawnRequest spawn;
  spawn.argv = {options_.program, "--network-test"};
  spawn.env = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/tmp"}, {"LANG", "C.UTF-8"}};
  // A copy: another user may not read the file itself.
  const auto registry = copy_of(options_.media_registry);
  if (registry) {
    spawn.env.emplace_back("GST_REGISTRY", "/proc/self/fd/" + std::to_string(registry_fd));
    spawn.env.emplace_back("GST_REGISTRY_UPDATE", "no");
    spawn.fds.push_back({registry.get(), registry_fd});
  }
  if (!options_.media_ports.empty())
    spawn.env.emplace_back("AERIE_MEDIA_PORTS", options_.media_ports);
  spawn.cwd = std::string{"/"};  // g++ 12 takes the bare literal for an overflow (bug 105329)
  spawn.identity = options_.identity;
  spawn.fds.push_back({input.get(), 0});
  const auto number = next_++;
  auto process = Process::start(
      reactor_, "network-test", spawn,
      {.on_lines =
           [this, number](std::vector<LogLine> lines) {
             for (const auto& line : lines)
               on_line(number, line);
           },
       .on_exit = [this, number](const ExitRecord& record) { on_exit(number, record); },
       .oom_killed = {}});
  if (!process)
    return done(tl::unexpected(failed("The network can't be tested: " + process.error().message,
                                      process.error().remedy.value_or(""))));
  auto& test = tests_[number];
  test.process = *std::move(process);
  test.done = std::move(done);
  test.deadline = reactor_.after(answer_within, [this, number] {
    settle(number, tl::unexpected(failed("The test's peer did not answer in time.",
                                         "The host may be overloaded; try again.")));
    tests_.erase(number);
  });
}

void NetworkTests::on_line(std::uint64_t number, const LogLine& line) {
  if (line.stream != LogLine::Stream::out) return;
  const auto json = Json::parse(line.text, nullptr, false);
  if (!json.is_object()) return;
  const auto answer = json.find("answer");
  if (answer != json.end() && answer->is_string())
    return settle(number, answer->get<std::string>());
  settle(number, tl::unexpected(failure_in(json)));
}

void NetworkTests::on_exit(std::uint64_t number, const ExitRecord& record) {
  settle(number, tl::unexpected(failed("The test's peer ended: " + record.message,
                                       "See `aerie doctor` for what the host lacks.")));
  // Not within its own callback.
  reactor_.post([this, number] { tests_.erase(number); });
}

void NetworkTests::settle(std::uint64_t number, Result<std::string> answer) {
  const auto test = tests_.find(number);
  if (test == tests_.end() || !test->second.done) return;
  reactor_.cancel(test->second.deadline);
  std::exchange(test->second.done, {})(std::move(answer));
}

}  // namespace aerie
