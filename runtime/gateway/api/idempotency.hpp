#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "messages/time.hpp"

namespace aerie {

/// Which sessions were made under which `Idempotency-Key` (contract, section 3): the same key and
/// body within 24 h answers with the same session, its token only in the first minute; another body
/// is a conflict. At most 10,000 keys are kept, the oldest go first.
class IdempotencyKeys {
 public:
  static constexpr Duration kept{86'400'000};
  static constexpr Duration token_kept{60'000};
  static constexpr std::size_t most_keys = 10'000;

  enum class Verdict {
    fresh,     ///< never seen: it is under way from here on, until `finish` or `abandon`
    underway,  ///< the first request is not answered yet
    known,     ///< `session` was made under it
    conflict,  ///< it came with another body
  };
  struct Outcome {
    Verdict verdict = Verdict::fresh;
    std::string session;
    std::string token;  ///< empty after the first minute
  };

  /// Looks a key up and, where it is new, remembers it.
  Outcome begin(const std::string& key, const std::string& body_digest, Instant now);
  void finish(const std::string& key, const std::string& session, const std::string& token,
              Instant now);
  /// The request failed: the key is as if it had never been used.
  void abandon(const std::string& key);

  [[nodiscard]] static bool is_key(std::string_view text);

 private:
  struct Entry {
    std::string body_digest;
    std::string session;
    std::string token;
    Instant at{};
  };

  void forget_old(Instant now);

  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::pair<Instant, std::string>> order_;
};

}  // namespace aerie
