#include "runtime/process/handshake.hpp"

#include <catch2/catch.hpp>

using namespace aerie;

TEST_CASE("two who share the secret find each other", "[handshake]") {
  const auto secret = random_hex();
  const HostHandshake host{secret};
  GuestHandshake guest{secret};
  const auto hello = guest.answer(host.hello());
  REQUIRE(hello);
  CHECK(hello->dump().find(secret) == std::string::npos);
  const auto proof = host.answer(*hello);
  REQUIRE(proof);
  CHECK(guest.check(*proof));
}

TEST_CASE("who does not know the secret is found out", "[handshake]") {
  const HostHandshake host{random_hex()};
  GuestHandshake stranger{random_hex()};
  const auto hello = stranger.answer(host.hello());
  REQUIRE(hello);
  CHECK_FALSE(host.answer(*hello));
  CHECK_FALSE(stranger.check({{"type", "proof"}, {"proof", random_hex()}}));
}

TEST_CASE("a proof can't be used twice or sent back", "[handshake]") {
  const auto secret = random_hex();
  GuestHandshake guest{secret};
  const HostHandshake first{secret};
  const HostHandshake second{secret};
  const auto hello = guest.answer(first.hello());
  REQUIRE(hello);
  CHECK_FALSE(second.answer(*hello));
  CHECK_FALSE(guest.check({{"type", "proof"}, {"proof", (*hello)["proof"]}}));
}

TEST_CASE("malformed greetings are refused", "[handshake]") {
  const auto secret = random_hex();
  const HostHandshake host{secret};
  GuestHandshake guest{secret};
  for (const auto& frame : {Json::object(), Json{{"type", "hello"}},
                            Json{{"type", "hello"}, {"version", 2}, {"nonce", random_hex()}},
                            Json{{"type", "hello"}, {"version", 1}, {"nonce", "short"}},
                            Json{{"type", "hello"}, {"version", 1}, {"nonce", 7}}}) {
    CHECK_FALSE(host.answer(frame));
    CHECK_FALSE(guest.answer(frame));
    CHECK_FALSE(guest.check(frame));
  }
}
