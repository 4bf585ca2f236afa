#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "runtime/network/guest_networks.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {

/// What the streamer of a guest says about its peers, on its way to the session: candidates are
/// mapped to where viewers find them. Where a peer never connected, or the kernel tells of the
/// guest's device, its network is looked at. On the reactor's thread.
class GuestMedia : public std::enable_shared_from_this<GuestMedia> {
 public:
  /// None: the network is in order again.
  using OnNetwork = std::function<void(std::optional<Cause> failure)>;

  /// `networks` may be null: then nothing is looked at, and the guest has only its map.
  GuestMedia(Reactor& reactor, network::GuestNetworks* networks, network::GuestNetwork network,
             OnNetwork on_network);
  ~GuestMedia();
  GuestMedia(const GuestMedia&) = delete;
  GuestMedia& operator=(const GuestMedia&) = delete;

  /// Begins to hear of the guest's device. Once.
  void watch_device();

  /// What is to be said on; none: nothing.
  [[nodiscard]] std::optional<Json> pass(Json body);

  [[nodiscard]] const network::GuestNetwork& network() const { return network_; }

 private:
  void look_after_peer();
  void look_at_network();
  void tell(std::optional<Cause> failure);

  Reactor& reactor_;
  network::GuestNetworks* networks_;
  network::GuestNetwork network_;
  OnNetwork on_network_;
  std::set<std::uint64_t> connected_;  ///< epochs, of the newest
  bool is_looking_ = false;
  bool has_changed_ = false;  ///< the device, while it was looked at
  TimerId look_timer_;
  bool has_failed_ = false;
  std::chrono::steady_clock::time_point looked_at_{};
};

}  // namespace aerie
