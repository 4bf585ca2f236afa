#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"

namespace aerie {

/// Leaves a session's address out of what is kept of it: some programs write it into their log.
class Redaction {
 public:
  Redaction() = default;
  /// An empty address, or one of `about:`, which tells nothing, is left as it is.
  explicit Redaction(const std::string& url);

  [[nodiscard]] std::string apply(std::string_view text) const;

  /// Copies a file, from where it stands, to the end of another.
  [[nodiscard]] Result<void> copy(int from, int to, const std::string& to_path) const;

 private:
  /// Moves what can't be the beginning of an address any more out of `text`.
  [[nodiscard]] std::string take_settled(std::string& text, bool is_end) const;

  std::vector<std::string> hidden_;  ///< as it is, and as it stands in JSON
  std::size_t longest_ = 0;
};

}  // namespace aerie
