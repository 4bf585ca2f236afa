#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"
#include "tests/support/deadline.hpp"

namespace aerie::test {

/// A certified OpenID provider (npm's oidc-provider) on loopback, with two users,
/// whose client is `aerie-oidc`. Gone with the object. Failures throw
/// `std::runtime_error`.
class OidcProvider {
 public:
  /// Returns once it serves. `arguments`: of `oidc_provider.mjs`.
  explicit OidcProvider(const std::vector<std::string>& arguments = {});
  OidcProvider(const OidcProvider&) = delete;
  OidcProvider& operator=(const OidcProvider&) = delete;
  ~OidcProvider();

  static constexpr const char* user = "ada";
  static constexpr const char* password = "lovelace1815";
  static constexpr const char* other_user = "grace";
  static constexpr const char* other_password = "hopper1906";

  [[nodiscard]] const std::string& issuer() const { return issuer_; }

  /// Waits until it has shown a page: `login`, `wrong`, `consent`, `code`, `confirm`, `done`,
  /// `silence`. Pages shown before that one are passed over.
  void wait_for(const std::string& page, std::chrono::milliseconds within = patience);

  /// JavaScript that is true, the milliseconds since the epoch, while a viewer's page has this page
  /// of the provider in its picture: each has a colour of its own.
  [[nodiscard]] static std::string is_painted(const std::string& page);
  /// JavaScript that is true while that page shows that a click into it has given its first field
  /// the keyboard.
  [[nodiscard]] static std::string has_keyboard(const std::string& page);

 private:
  struct Shared;
  std::string next_line(std::chrono::milliseconds within);

  std::string issuer_;
  std::shared_ptr<Shared> shared_;
  Reactor reactor_;
  std::unique_ptr<Process> process_;
};

}  // namespace aerie::test
