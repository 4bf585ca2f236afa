#include "actors/peer/peer.hpp"
#include "runtime/gateway/api/gateway.hpp"

namespace aerie {

void Gateway::on_socket_opened(const SocketOpened& opened) {
  auto peer = spawn<Peer>(environment_, world_.sockets, opened.socket);
  monitor(peer);
  peers_.emplace(opened.socket, std::move(peer));
}

void Gateway::on_socket_gone(const SocketGone& gone) {
  const auto found = peers_.find(gone.socket);
  if (found == peers_.end()) return;
  demonitor(found->second.address());
  send(found->second, SocketClosed{gone.code});
  peers_.erase(found);
}

}  // namespace aerie
