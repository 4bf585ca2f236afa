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

Json Gateway::describe() const {
  Json answered = Json::object();
  for (const auto& [status, count] : answered_)
    answered[std::to_string(status)] = count;
  return {{"address", world_.server->bound_address()},
          {"sockets", peers_.size()},
          {"eventReaders", event_readers_.size()},
          {"logFollowers", log_followers_.size()},
          {"commands", commands_.size()},
          {"answered", std::move(answered)}};
}

}  // namespace aerie
