#include "runtime/gateway/api/idempotency.hpp"

#include <catch2/catch.hpp>

namespace aerie {

TEST_CASE("a key answers with its session, the token for a minute", "[gateway][api]") {
  using Verdict = IdempotencyKeys::Verdict;
  IdempotencyKeys keys;
  Instant now{Duration{1'000'000}};
  CHECK(keys.begin("k", "body", now).verdict == Verdict::fresh);
  CHECK(keys.begin("k", "body", now).verdict == Verdict::underway);
  CHECK(keys.begin("k", "other", now).verdict == Verdict::conflict);
  keys.finish("k", "session", "token", now);
  const auto again = keys.begin("k", "body", now + Duration{59'999});
  CHECK(again.verdict == Verdict::known);
  CHECK(again.session == "session");
  CHECK(again.token == "token");
  CHECK(keys.begin("k", "body", now + Duration{60'000}).token.empty());
  CHECK(keys.begin("k", "body", now + Duration{60'001}).session == "session");
  CHECK(keys.begin("k", "other", now + Duration{60'001}).verdict == Verdict::conflict);
  CHECK(keys.begin("k", "other", now + IdempotencyKeys::kept).verdict == Verdict::fresh);
}

TEST_CASE("a failed request frees its key", "[gateway][api]") {
  IdempotencyKeys keys;
  const Instant now{};
  keys.begin("k", "body", now);
  keys.abandon("k");
  CHECK(keys.begin("k", "other", now).verdict == IdempotencyKeys::Verdict::fresh);
}

TEST_CASE("keys are bounded", "[gateway][api]") {
  IdempotencyKeys keys;
  const Instant now{};
  for (std::size_t i = 0; i < IdempotencyKeys::most_keys + 2; ++i) {
    keys.begin(std::to_string(i), "b", now);
  }
  CHECK(keys.begin("0", "b", now).verdict == IdempotencyKeys::Verdict::fresh);
  CHECK(keys.begin("9999", "b", now).verdict == IdempotencyKeys::Verdict::underway);
}

TEST_CASE("a key is visible ASCII", "[gateway][api]") {
  CHECK(IdempotencyKeys::is_key("3f1c-2"));
  CHECK_FALSE(IdempotencyKeys::is_key(""));
  CHECK_FALSE(IdempotencyKeys::is_key("a b"));
  CHECK_FALSE(IdempotencyKeys::is_key(std::string(256, 'k')));
}

}  // namespace aerie
