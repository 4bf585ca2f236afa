#include "runtime/network/resolvers.hpp"

#include <catch2/catch.hpp>

using namespace aerie;
using namespace aerie::network;

TEST_CASE("a guest's resolvers are those of the host that it can reach", "[network]") {
  CHECK(usable_resolvers("# none\nsearch example.org\n").empty());
  CHECK(usable_resolvers("nameserver 127.0.0.53\nnameserver 192.0.2.1\nnameserver ::1\n"
                         "nameserver 169.254.169.254\nnameserver 224.0.0.251\nnameserver x\n") ==
        std::vector<std::string>{"192.0.2.1"});
  CHECK(usable_resolvers("nameserver 192.0.2.1\nnameserver 192.0.2.2\n"
                         "nameserver 192.0.2.3\nnameserver 192.0.2.4\n")
            .size() == 3);
  CHECK(resolv_conf_of({"192.0.2.1", "192.0.2.2"}) ==
        "nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
}

TEST_CASE("entries of a list are looked up", "[network]") {
  const auto found = look_up({"192.0.2.9:443", "localhost:80", "192.0.2.9:443"});
  REQUIRE(found);
  CHECK(*found == std::vector<Destination>{{"127.0.0.1", 80}, {"192.0.2.9", 443}});
  const auto unknown = look_up({"no-such-host.invalid:80"});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().kind == CauseKind::network_failed);
  CHECK(unknown.error().message.find("no-such-host.invalid:80") != std::string::npos);
}

TEST_CASE("an address of this host is known as such", "[network]") {
  CHECK(is_own_address("127.0.0.1"));
  CHECK_FALSE(is_own_address("192.0.2.199"));
  CHECK_FALSE(is_own_address("nonsense"));
}
