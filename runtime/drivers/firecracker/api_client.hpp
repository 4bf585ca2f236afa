#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/drivers/firecracker/api_requests.hpp"
#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::firecracker {

/// A client of Firecracker's API over its Unix socket: one connection, one request at a time in the
/// order of `send`. Lives on the reactor's thread; callbacks come on it, never from within `send`.
/// May be destroyed inside its callbacks; none comes afterwards.
class ApiClient {
 public:
  /// The answer's JSON, null where it has none; or why it was refused. `vmm-failed` where
  /// Firecracker breaks the connection or does not answer in time: then all that wait get it.
  using Done = std::function<void(Result<Json> answer)>;

  /// How long one request may take; writing a snapshot takes the disk's time.
  static constexpr Duration patience{30'000};

  /// Takes a connected, non-blocking stream socket.
  ApiClient(Reactor& reactor, UniqueFd socket, Duration request_patience = patience);
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;
  ~ApiClient();

  void send(ApiRequest request, Done done);

  [[nodiscard]] bool is_open() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace aerie::firecracker
