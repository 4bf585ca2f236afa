#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <csignal>
#include <cstdio>
#include <future>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <vector>

#include "guest/guest.hpp"
#include "guest/hardening.hpp"
#include "guest/orphans.hpp"
#include "guest/signal_watch.hpp"

namespace {

int fail(const aerie::Cause& cause, int status) {
  std::fprintf(stderr, "aerie-guest: %s\n%s\n", cause.message.c_str(), cause.remedy.c_str());
  return status;
}

/// One actor and no polling: a thread that sleeps on its queue.
class Configuration : public caf::actor_system_config {
 public:
  Configuration() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{1});
  }
};

}  // namespace

int main(int count, char** arguments) {
  aerie::guest::harden();
  if (!aerie::guest::forbid_foreign_abstract_sockets())
    std::fprintf(stderr,
                 "aerie-guest: this kernel does not fence off abstract sockets (Landlock ABI 6)\n");
  const auto options = aerie::guest::parse_options({arguments + 1, arguments + count});
  if (!options) return fail(options.error(), 2);
  auto secret = aerie::guest::read_secret(options->secret_fd);
  if (!secret) return fail(secret.error(), 2);

  aerie::guest::block_signals();  // before the first thread
  Configuration configuration;
  caf::actor_system system{configuration};
  std::promise<int> finished;
  std::optional<aerie::Cause> failure;
  std::unique_ptr<aerie::guest::Guest> guest;
  std::unique_ptr<aerie::guest::Orphans> orphans;
  std::unique_ptr<aerie::guest::SignalWatch> signals;
  aerie::Reactor reactor;
  reactor.call([&] {
    guest = std::make_unique<aerie::guest::Guest>(system, reactor, *options,
                                                  [&, told = false](int status) mutable {
                                                    if (!std::exchange(told, true))
                                                      finished.set_value(status);
                                                  });
    orphans = std::make_unique<aerie::guest::Orphans>(reactor,
                                                      [&](pid_t pid) { return guest->owns(pid); });
    guest->on_child_reaped([&] { orphans->reap(); });
    failure = guest->open(std::move(*secret));
    signals = std::make_unique<aerie::guest::SignalWatch>(reactor, std::vector{SIGTERM, SIGINT},
                                                          [&](int) { guest->stop("controller"); });
  });
  const int status = failure ? fail(*failure, 1) : finished.get_future().get();
  reactor.call([&] {
    signals.reset();
    orphans.reset();
    guest.reset();
  });
  reactor.stop();
  return status;
}
