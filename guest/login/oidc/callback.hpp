#pragma once

#include <string>

#include "guest/login/oidc/http.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::oidc {

/// The loopback redirect of a native app (RFC 8252, section 7.3): a small HTTP server on 127.0.0.1
/// that waits for the browser to come back.
class Callback {
 public:
  /// Listens; port 0: any. Errors: `port-in-use`, `network-failed`.
  [[nodiscard]] static Result<Callback> listen(int port);

  [[nodiscard]] std::string redirect_uri() const;

  /// Blocks until a request for the callback with this `state` came, and answers it with a page for
  /// its reader; everything else is answered with 404 or 400.
  [[nodiscard]] Result<Form> wait(const std::string& state) const;

 private:
  Callback(UniqueFd listener, int port) : listener_(std::move(listener)), port_(port) {}

  UniqueFd listener_;
  int port_;
};

}  // namespace aerie::oidc
