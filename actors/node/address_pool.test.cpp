#include "actors/node/address_pool.hpp"

#include <catch2/catch.hpp>

using aerie::AddressPool;

TEST_CASE("addresses are unique among those in use and not reused at once", "[address-pool]") {
  auto pool = AddressPool::make("10.77.0.0/29");
  REQUIRE(pool);
  std::set<std::string> seen;
  for (int i = 0; i < 6; ++i)
    seen.insert(pool->address(*pool->take()));
  CHECK(seen.size() == 6);
  CHECK(*seen.begin() == "10.77.0.1");
  CHECK(*seen.rbegin() == "10.77.0.6");
  CHECK_FALSE(pool->take());
  pool->give_back(3);
  CHECK(pool->take() == 3);
  pool->give_back(0);
  pool->give_back(5);
  CHECK(pool->take() == 5);
}

TEST_CASE("what is no network is refused by name", "[address-pool]") {
  for (const auto* text : {"", "10.0.0.0", "10.0.0.0/31", "10.0.0.0/7", "10.0.0/16", "a/16",
                           "10.0.0.0/16x", "::1/64"}) {
    const auto pool = AddressPool::make(text);
    REQUIRE_FALSE(pool);
    CHECK(pool.error().message.find(text) != std::string::npos);
  }
}
