#include "benchmarks/support/supervised_probe.hpp"

#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "runtime/process/unix_socket.hpp"

namespace aerie::bench {
namespace {

using Environment = std::vector<std::pair<std::string, std::string>>;

constexpr int patience_ms = 60'000;

UniqueFd datagrams_at(const std::string& path) {
  UniqueFd fd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("no socket can be bound at " + path);
  return fd;
}

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

/// A service directory's `run` is the probe itself: no shell stands before it.
class UnderServiceDirectory final : public SupervisedProbe {
 public:
  UnderServiceDirectory(Reactor& reactor, const std::string& program, Environment more_environment)
      : SupervisedProbe(reactor) {
    std::filesystem::create_symlink(AERIE_PROBE, folder() + "/run");
    std::ofstream{folder() + "/notification-fd"} << "3\n";  // s6's; runsv does not look
    run({program, folder()}, {}, std::move(more_environment));
    next_start();
  }
  ~UnderServiceDirectory() override { end(); }
};

class UnderAerie final : public SupervisedProbe {
 public:
  explicit UnderAerie(Reactor& reactor)
      : SupervisedProbe(reactor), secret_(random_hex()), host_(reactor, secret_, configure()) {
    const auto path = folder() + "/link";
    auto listener = listen_unix(path);
    if (!listener) throw std::runtime_error(listener.error().message);
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe can be made");
    UniqueFd reader{ends[0]};
    UniqueFd writer{ends[1]};
    const auto line = secret_ + "\n";
    if (::write(writer.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      throw std::runtime_error("the secret cannot be passed on");
    writer.reset();
    run({AERIE_GUEST, "--listen-fd", "3", "--secret-fd", "4"},
        {{listener->get(), 3}, {reader.get(), 4}});
    host_.connect(path);
    next_start();
  }
  ~UnderAerie() override { end(); }

 private:
  [[nodiscard]] link::Configure configure() const {
    link::Configure message;
    message.vm = "restart";
    message.profile.edit().name = "restart";
    message.profile.edit().intensity = {1'000'000, Duration{1000}};
    auto& child = message.profile.edit().children.emplace_back();
    child.name = "probe";
    child.command = {AERIE_PROBE};
    child.backoff.first = Duration{0};
    message.env = environment();
    return message;
  }

  std::string secret_;
  GuestHost host_;
};

}  // namespace

SupervisedProbe::SupervisedProbe(Reactor& reactor)
    : reactor_(reactor), reports_(datagrams_at(folder_.path() + "/reports")) {}

std::vector<std::pair<std::string, std::string>> SupervisedProbe::environment() const {
  return {{"PATH", "/usr/bin:/bin"}, {probe_variable, folder_.path() + "/reports"}};
}

void SupervisedProbe::run(std::vector<std::string> argv, std::vector<SpawnRequest::PassedFd> fds,
                          std::vector<std::pair<std::string, std::string>> more_environment) {
  SpawnRequest request;
  request.argv = std::move(argv);
  request.env = environment();
  std::move(more_environment.begin(), more_environment.end(), std::back_inserter(request.env));
  request.cwd = folder_.path();
  request.fds = std::move(fds);
  reactor_.call([&] {
    auto process = Process::start(reactor_, "supervisor", request,
                                  {{}, [this](const ExitRecord&) { ended_.set_value(); }, {}});
    if (process) process_ = std::move(*process);
  });
  if (!process_) throw std::runtime_error(request.argv.front() + " could not be started");
}

void SupervisedProbe::end() {
  if (!process_) return;
  reactor_.call([&] { process_->stop(Duration{patience_ms}, "benchmark"); });
  ended_.get_future().wait();
  reactor_.call([&] { process_.reset(); });
}

ProbeReport SupervisedProbe::next_start() {
  pollfd waited{reports_.get(), POLLIN, 0};
  if (::poll(&waited, 1, patience_ms) != 1)
    throw std::runtime_error("a supervised program did not start within a minute");
  ProbeReport report;
  if (::recv(reports_.get(), &report, sizeof report, 0) != static_cast<ssize_t>(sizeof report))
    throw std::runtime_error("a supervised program reported something else");
  pid_ = report.pid;
  return report;
}

double SupervisedProbe::kill_and_wait() {
  const auto killed = now_ns();
  if (::kill(pid_, SIGKILL) != 0) throw std::runtime_error("the supervised program is gone");
  return static_cast<double>(next_start().began_ns - killed) / 1e6;
}

std::unique_ptr<SupervisedProbe> under_aerie(Reactor& reactor) {
  return std::make_unique<UnderAerie>(reactor);
}

std::unique_ptr<SupervisedProbe> under_runit(Reactor& reactor) {
  return std::make_unique<UnderServiceDirectory>(reactor, "runsv", Environment{});
}

std::unique_ptr<SupervisedProbe> under_s6(Reactor& reactor) {
  return std::make_unique<UnderServiceDirectory>(reactor, "s6-supervise",
                                                 Environment{{ready_variable, "3"}});
}

}  // namespace aerie::bench
