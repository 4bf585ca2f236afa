#pragma once

#include <functional>
#include <string>

#include "messages/cause.hpp"

namespace aerie {

/// The doctor as the API asks it. Nothing here waits; answers come once, on threads of its own.
class DoctorPort {
 public:
  virtual ~DoctorPort() = default;

  /// `{ok, at, profile, driver, checks}`. Whoever asks the same meanwhile shares the answer.
  using Examined = std::function<void(Json answer)>;
  virtual void examine(const std::string& profile, const std::string& driver, Examined done) = 0;

  /// What a browser is to know before it tests its way here: `{iceServers, publicAddress?,
  /// mediaPorts?, guestNetworks}`. The servers' credentials are in it.
  [[nodiscard]] virtual Json network() const = 0;

  /// Has a peer on this host answer a browser's offer of one data channel over `udp` or `tcp`: the
  /// answer's description with all candidates. The peer stays for half a minute at most. Errors:
  /// `quota`, `link-violation` for the offer, `network-failed`, `plugin-missing`.
  using Answered = std::function<void(Result<std::string> sdp)>;
  virtual void test_network(const std::string& offer, const std::string& transport,
                            Answered done) = 0;
};

}  // namespace aerie
