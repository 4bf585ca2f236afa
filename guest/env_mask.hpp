#pragma once

#include <string>
#include <utility>
#include <vector>

#include "messages/link.hpp"

namespace aerie::guest {

/// Keeps the values of the session's `env` in the guest: a program that prints its environment, or
/// dies with a value in its last words, would write them into logs and tombstones otherwise. Each
/// is replaced by `[env NAME]` in lines, exit records and causes.
class EnvMask {
 public:
  /// Shorter values are no secrets, and words like `true` are part of what programs have to say.
  static constexpr std::size_t least_bytes = 6;

  EnvMask() = default;
  /// A value of several lines is looked for line by line, as programs print it.
  explicit EnvMask(const std::vector<std::pair<std::string, std::string>>& env);

  [[nodiscard]] bool empty() const { return hidden_.empty(); }
  void apply(std::string& text) const;
  void apply(link::GuestMessage& message) const;

 private:
  void apply(Cause& cause) const;
  void apply(std::vector<std::string>& lines) const;

  std::vector<std::pair<std::string, std::string>> hidden_;  ///< text and what stands for it
};

}  // namespace aerie::guest
