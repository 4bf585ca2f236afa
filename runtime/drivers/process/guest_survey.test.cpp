#include "runtime/drivers/process/guest_survey.hpp"

#include <catch2/catch.hpp>

using namespace aerie;

namespace {

constexpr const char* known = "6f0d3c1e-7c39-4a7e-9d2f-0a7c1a5d9b10";
constexpr const char* strange = "6f0d3c1e-7c39-4a7e-9d2f-0a7c1a5d9b11";

}  // namespace

TEST_CASE("a network is found with its guest, or makes an orphan of its own", "[survey]") {
  Orphan guest;
  guest.vm = known;
  guest.slot = 3;
  guest.resources = {{"", "", known, "directory", "vms/x"}, {"", "", known, "process", "guest x"}};
  const auto found = with_networks({guest}, {{known, "aeabc123-3", "10.77.0.4"},
                                             {strange, "aeabc123-17", "10.77.0.18"},
                                             {"", "aeabc123-9", ""}});
  REQUIRE(found.size() == 2);
  REQUIRE(found[0].resources.size() == 3);
  CHECK(found[0].resources[1].kind == "network");
  CHECK(found[0].resources[1].name == "aeabc123-3");
  CHECK(found[0].resources[2].kind == "process");
  CHECK(found[0].slot == 3);
  CHECK(found[1].vm == strange);
  CHECK(found[1].slot == 17);
  REQUIRE(found[1].resources.size() == 1);
  CHECK(found[1].resources[0].vm == strange);
  CHECK_FALSE(found[1].cause.message.empty());
}
