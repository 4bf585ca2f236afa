#include "runtime/drivers/firecracker/socket_wait.hpp"

#include <filesystem>
#include <utility>

#include "runtime/drivers/firecracker/socket_file.hpp"

namespace aerie::firecracker {
namespace {

/// A socket's file is there from bind(2) on; nothing tells of the listen(2) that follows at once.
constexpr Duration from_bind_to_listen{1};

}  // namespace

SocketWait::SocketWait(Reactor& reactor, std::string path, Duration patience,
                       std::function<void(Result<UniqueFd> socket)> done)
    : reactor_(reactor), path_(std::move(path)), done_(std::move(done)) {
  deadline_ = reactor_.after(patience, [this, patience] {
    finish(tl::unexpected(Cause{
        CauseKind::deadline,
        "Nobody listened at " + path_ + " within " + std::to_string(patience.count()) + " ms.",
        "Look into the VMM's output in the VM's console.",
        {}}));
  });
  const auto directory = std::filesystem::path{path_}.parent_path().string();
  watch_ = std::make_unique<PathWatch>(reactor_, directory, [this] {
    // Not from within the watch, which ends with us.
    reactor_.cancel(again_);
    again_ = reactor_.after(Duration{0}, [this] { look(); });
  });
}

SocketWait::~SocketWait() {
  reactor_.cancel(deadline_);
  reactor_.cancel(again_);
}

void SocketWait::look() {
  if (!done_) return;
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return;
  if (auto socket = connect_socket_file(path_)) return finish(std::move(socket));
  again_ = reactor_.after(from_bind_to_listen, [this] { look(); });
}

void SocketWait::finish(Result<UniqueFd> result) {
  reactor_.cancel(deadline_);
  reactor_.cancel(again_);
  if (const auto done = std::exchange(done_, nullptr)) done(std::move(result));
}

}  // namespace aerie::firecracker
