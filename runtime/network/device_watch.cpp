#include "runtime/network/device_watch.hpp"

#include <linux/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <sys/epoll.h>

namespace aerie::network {
namespace {

Cause failed(int error) {
  return {CauseKind::network_failed,
          std::string{"The kernel's news of network devices can't be heard: "} +
              nl_geterror(error) + ".",
          "Raise the limit of open descriptors, or set guests.hostNetwork=true.",
          {}};
}

struct News {
  const DeviceWatch::Changed& changed;
  bool is_gone = false;
};

void tell(nl_object* object, void* argument) {
  const auto& news = *static_cast<const News*>(argument);
  auto* link = reinterpret_cast<rtnl_link*>(object);
  const char* name = rtnl_link_get_name(link);
  constexpr unsigned working = IFF_UP | IFF_LOWER_UP;
  if (name != nullptr && *name != '\0')
    news.changed(name, !news.is_gone && (rtnl_link_get_flags(link) & working) == working);
}

int on_message(nl_msg* message, void* argument) {
  const News news{*static_cast<const DeviceWatch::Changed*>(argument),
                  nlmsg_hdr(message)->nlmsg_type == RTM_DELLINK};
  nl_msg_parse(message, tell, const_cast<News*>(&news));
  return NL_OK;
}

}  // namespace

void DeviceWatch::Closer::operator()(nl_sock* socket) const {
  nl_socket_free(socket);
}

DeviceWatch::DeviceWatch(Changed changed) : changed_(std::move(changed)) {}
DeviceWatch::~DeviceWatch() = default;

Result<std::unique_ptr<DeviceWatch>> DeviceWatch::open(Reactor& reactor, Changed changed) {
  auto made = std::make_unique<DeviceWatch>(std::move(changed));
  made->socket_.reset(nl_socket_alloc());
  auto* socket = made->socket_.get();
  if (socket == nullptr) return tl::unexpected(failed(-NLE_NOMEM));
  nl_socket_disable_seq_check(socket);  // news is no answer
  nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_message, &made->changed_);
  for (const auto& step :
       {+[](nl_sock* each) { return nl_connect(each, NETLINK_ROUTE); },
        +[](nl_sock* each) { return nl_socket_set_nonblocking(each); },
        +[](nl_sock* each) { return nl_socket_add_memberships(each, RTNLGRP_LINK, RTNLGRP_NONE); }})
    if (const int error = step(socket); error < 0) return tl::unexpected(failed(error));
  auto watch = reactor.watch(nl_socket_get_fd(socket), EPOLLIN,
                             [self = made.get()](std::uint32_t) { self->read(); });
  if (!watch) return tl::unexpected(watch.error());
  made->watch_ = std::move(*watch);
  return made;
}

void DeviceWatch::read() {
  // Level-triggered: what is left is read in the next round. ENOBUFS comes as NLE_NOMEM.
  if (nl_recvmsgs_default(socket_.get()) == -NLE_NOMEM) changed_("", false);
}

}  // namespace aerie::network
