#pragma once

#include <string>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// The state directory (contract, section 1): 0700, with the tokens of operator and observer, made
/// at first start, and the address.
class StateDirectory {
 public:
  /// Makes what is missing and takes the directory for this process. Errors: `store-failed` or
  /// `disk-full` naming the path; `address-in-use` when another controller has it.
  [[nodiscard]] static Result<StateDirectory> open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& operator_token() const { return operator_token_; }
  [[nodiscard]] const std::string& observer_token() const { return observer_token_; }

  [[nodiscard]] Result<void> write_address(const std::string& address) const;

  /// Nobody listens any more.
  void remove_address() const;

 private:
  std::string path_;
  std::string operator_token_;
  std::string observer_token_;
  UniqueFd lock_;
};

}  // namespace aerie
