#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "runtime/process/reactor.hpp"
#include "runtime/process/unique_fd.hpp"
#include "tests/support/firecracker/fake_microvm.hpp"

namespace aerie::test {

/// What an API was asked.
struct HeardRequest {
  std::string method;
  std::string path;
  std::string body;
};

/// Firecracker's API on a real Unix socket, and its vsock on another: `CONNECT PORT\n`, then
/// `OK HOSTPORT\n` and what the guest says. Lives on the reactor's thread; what it tells comes on
/// it.
class FakeFirecracker {
 public:
  struct Guest {
    /// The machine was started or restored, and runs.
    std::function<void()> on_start;
    /// Connects to whoever listens at the guest's port; an empty descriptor: nobody.
    std::function<UniqueFd(std::uint32_t port)> connect;
    /// Firecracker would exit now.
    std::function<void()> on_exit;
  };

  /// Listens at `api_path`; throws `std::runtime_error` where that can't be.
  FakeFirecracker(Reactor& reactor, const std::string& api_path, Guest guest = {});
  FakeFirecracker(const FakeFirecracker&) = delete;
  FakeFirecracker& operator=(const FakeFirecracker&) = delete;
  ~FakeFirecracker();

  [[nodiscard]] const std::vector<HeardRequest>& heard() const { return heard_; }
  [[nodiscard]] const FakeMicrovm& machine() const { return machine_; }
  /// See `FakeMicrovm::remember`.
  void remember(Json guest) { machine_.remember(std::move(guest)); }

  /// The guest connects to a port of its host: to the Unix socket that Firecracker looks for then.
  /// False where nobody listens there.
  bool connect_host(std::uint32_t port);

  /// Answers no more: requests are read and that is all.
  void fall_silent() { is_silent_ = true; }
  /// Drops the API's connections, as a VMM that dies does.
  void drop_connections();

 private:
  class ApiConnection;
  class VsockConnection;

  std::string answer_to(const HeardRequest& request);
  std::string listen_at(const std::string& path);
  void accept_api();
  void accept_vsock();

  Reactor& reactor_;
  Guest guest_;
  FakeMicrovm machine_;
  std::vector<HeardRequest> heard_;
  bool is_silent_ = false;
  UniqueFd api_listener_;
  Watch api_watch_;
  std::string vsock_path_;
  UniqueFd vsock_listener_;
  Watch vsock_watch_;
  std::list<std::shared_ptr<ApiConnection>> api_;
  std::list<std::shared_ptr<VsockConnection>> vsock_;
};

}  // namespace aerie::test
