#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <pthread.h>
#include <sys/prctl.h>

#include "guest/login/agent.hpp"

namespace {

/// The descriptor named by AERIE_CONTROL_FD; -1 when there is none.
int control_descriptor() {
  const char* text = std::getenv("AERIE_CONTROL_FD");
  int descriptor = -1;
  if (text == nullptr) return -1;
  const auto* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, descriptor);
  return error == std::errc{} && stop == end ? descriptor : -1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 0 && aerie::login::is_knocking(arguments[0]))
    return aerie::login::knock({arguments + 1, arguments + count});
  // It holds what tools leave for a moment: nobody of the same user may look into it.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const int control = control_descriptor();
  if (control < 0) {
    std::fprintf(stderr,
                 "aerie-login is started by the guest supervisor, which sets AERIE_CONTROL_FD.\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::promise<int> finished;
  std::unique_ptr<aerie::login::Agent> agent;
  aerie::Reactor reactor;
  reactor.call([&] {
    agent = std::make_unique<aerie::login::Agent>(reactor, aerie::UniqueFd{control},
                                                  [&](int status) { finished.set_value(status); });
  });
  const int status = finished.get_future().get();
  reactor.call([&] { agent.reset(); });
  reactor.stop();
  return status;
}
