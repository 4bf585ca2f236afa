#include "runtime/secrets/identity.hpp"

#include <catch2/catch.hpp>
#include <regex>
#include <set>

TEST_CASE("UUIDs are of version 4 and differ", "[identity]") {
  const std::regex shape{"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"};
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto id = aerie::new_uuid();
    CHECK(std::regex_match(id, shape));
    CHECK(seen.insert(id).second);
  }
}

TEST_CASE("digests are SHA-256 (FIPS 180-4's example)", "[identity]") {
  CHECK(aerie::sha256_hex("abc") ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
