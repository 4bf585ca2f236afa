#include "runtime/drivers/firecracker/boot_sequence.hpp"

#include <utility>

namespace aerie::firecracker {

BootSequence::BootSequence(Reactor& reactor, VmSockets sockets, Plan plan, BootPatience patience,
                           Events events)
    : reactor_(reactor),
      sockets_(std::move(sockets)),
      plan_(std::move(plan)),
      patience_(patience),
      events_(std::move(events)),
      api_wait_(std::make_unique<SocketWait>(
          reactor_, sockets_.api, patience_.api,
          [this](Result<UniqueFd> socket) { on_api(std::move(socket)); })) {}

void BootSequence::guest_listens() {
  guest_listens_ = true;
  connect_link();
}

void BootSequence::on_api(Result<UniqueFd> socket) {
  if (!socket) {
    auto cause = socket.error();
    cause.kind = CauseKind::vmm_failed;
    return fail(cause);
  }
  client_ = std::make_unique<ApiClient>(reactor_, std::move(*socket));
  run(*client_, std::move(plan_), [this](const Result<void>& outcome) { on_plan(outcome); });
}

void BootSequence::on_plan(const Result<void>& outcome) {
  if (!outcome) return fail(outcome.error());
  is_booted_ = true;
  connect_link();
  if (const auto tell = events_.on_booted) tell();
}

/// A guest may listen before the start was answered, and the other way round.
void BootSequence::connect_link() {
  if (!is_booted_ || !guest_listens_ || link_) return;
  link_ = std::make_unique<VsockConnection>(reactor_, sockets_.vsock, sockets_.link_port,
                                            patience_.link, [this](Result<UniqueFd> socket) {
                                              if (!socket) return fail(socket.error());
                                              if (const auto tell = events_.on_link)
                                                tell(std::move(*socket));
                                            });
}

void BootSequence::fail(const Cause& cause) {
  const auto tell = std::exchange(events_, {}).on_failed;
  if (tell) tell(cause);
}

}  // namespace aerie::firecracker
