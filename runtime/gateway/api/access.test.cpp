#include "runtime/gateway/api/access.hpp"

#include <catch2/catch.hpp>

namespace aerie {

TEST_CASE("bearer tokens are read strictly", "[gateway][api]") {
  CHECK(bearer_token("Bearer abc") == "abc");
  CHECK(bearer_token("bearer   abc_-.~+/=") == "abc_-.~+/=");
  const std::string bad =
      GENERATE("", "Bearer", "Bearer ", "Basic abc", "abc", "Bearer a b", "Bearer a,Bearer b",
               "Bearer\tabc", "Bearer a\x01", "Bearer \xc3\xa4", "Bearerabc");
  CAPTURE(bad);
  CHECK_FALSE(bearer_token(bad));
  CHECK_FALSE(bearer_token("Bearer " + std::string(2000, 'x')));
}

TEST_CASE("digests are compared whole", "[gateway][api]") {
  CHECK(same_digest("abcd", "abcd"));
  CHECK_FALSE(same_digest("abcd", "abce"));
  CHECK_FALSE(same_digest("abcd", "abc"));
  CHECK_FALSE(same_digest("", ""));
}

TEST_CASE("each kind of token has its routes", "[gateway][api]") {
  using Kind = Principal::Kind;
  const auto allowed = [](Kind kind) {
    std::string text;
    const Principal who{kind, "s"};
    for (const auto access : {Access::open, Access::read_all, Access::read_own, Access::retire,
                              Access::watch, Access::operate}) {
      text += may_use(who, access) ? '1' : '0';
    }
    return text;
  };
  CHECK(allowed(Kind::nobody) == "100000");
  CHECK(allowed(Kind::an_operator) == "111111");
  CHECK(allowed(Kind::observer) == "111000");
  CHECK(allowed(Kind::session) == "101110");
  CHECK(allowed(Kind::watcher) == "100010");
}

TEST_CASE("observers may read all and change nothing", "[gateway][api]") {
  const Principal observer{Principal::Kind::observer, ""};
  for (const auto& route : routes()) {
    CAPTURE(route.pattern, route.method);
    CHECK(may_use(observer, route.access) == (route.method == "GET"));
  }
}

TEST_CASE("a session token sees its own session only", "[gateway][api]") {
  const Principal owner{Principal::Kind::session, "mine"};
  CHECK(owner.sees("mine"));
  CHECK_FALSE(owner.sees("theirs"));
  CHECK_FALSE(owner.sees(""));
  CHECK_FALSE(Principal{}.sees(""));
  CHECK(Principal{Principal::Kind::observer, ""}.sees("theirs"));
  CHECK(owner.watches("mine"));
  CHECK_FALSE(owner.watches("theirs"));
  const Principal watcher{Principal::Kind::watcher, "mine"};
  CHECK_FALSE(watcher.sees("mine"));
  CHECK(watcher.watches("mine"));
  CHECK_FALSE(watcher.watches("theirs"));
}

}  // namespace aerie
