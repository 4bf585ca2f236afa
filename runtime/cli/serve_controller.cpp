#include "runtime/cli/serve_controller.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "runtime/controller/controller.hpp"
#include "runtime/controller/log_output.hpp"
#include "runtime/controller/service_manager.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {
namespace {

/// The signals that end a controller, as a descriptor. Blocked in this thread and, as it comes
/// before them, in all that are started later.
class EndSignals {
 public:
  EndSignals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
      sigaddset(&set, number);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    fd_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  [[nodiscard]] int fd() const { return fd_.get(); }

  /// The number of the next signal; 0 when there is none.
  [[nodiscard]] int take() const {
    signalfd_siginfo info{};
    const auto size = read(fd_.get(), &info, sizeof info);
    return size == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  UniqueFd fd_;
};

/// While it lives, a further signal makes the controller's `stop` give up waiting.
class HurryOnSignal {
 public:
  HurryOnSignal(Controller& controller, const EndSignals& signals)
      : thread_([this, &controller, &signals] {
          std::array<pollfd, 2> watched{pollfd{signals.fd(), POLLIN, 0},
                                        pollfd{done_.get(), POLLIN, 0}};
          while (poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
          }
          if (watched[1].revents == 0) controller.hurry();
        }) {}
  HurryOnSignal(const HurryOnSignal&) = delete;
  HurryOnSignal& operator=(const HurryOnSignal&) = delete;
  ~HurryOnSignal() {
    eventfd_write(done_.get(), 1);
    thread_.join();
  }

 private:
  UniqueFd done_{eventfd(0, EFD_CLOEXEC)};
  std::thread thread_;
};

}  // namespace

Result<void> serve_controller(const ServeRequest& request) {
  const EndSignals signals;
  if (signals.fd() < 0)
    return tl::unexpected(Cause{CauseKind::quota,
                                "The kernel gives no descriptor for signals: " +
                                    std::generic_category().message(errno) + ".",
                                "Raise the limit of open descriptors (ulimit -n).",
                                {}});
  log_to_standard_error();
  const auto& settings = request.configuration.settings;
  auto controller = Controller::start(request.configuration, request.profiles, request.providers);
  if (!controller) return tl::unexpected(controller.error());
  std::cout << "aerie listens on " << (settings.http.tls_cert.empty() ? "http://" : "https://")
            << (*controller)->address() << std::endl;
  ServiceManager::ready("Listens on " + (*controller)->address() + ".");
  if (const auto every = ServiceManager::watchdog())
    (*controller)->watch_itself(*every, ServiceManager::alive);
  const auto failure = (*controller)->wait(signals.fd());
  // SIGTERM alone leaves the guests to the next controller; so does the end of what remembers.
  ServiceManager::stopping();
  const int signal = signals.take();
  const bool stop_guests = !failure && (signal != SIGTERM || settings.stop_guests);
  {
    const HurryOnSignal hurry(**controller, signals);
    (*controller)->stop(stop_guests, settings.shutdown_within);
  }
  if (failure) return tl::unexpected(*failure);
  return {};
}

}  // namespace aerie
