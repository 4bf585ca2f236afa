#include "runtime/controller/state_directory.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <sys/stat.h>

#include "runtime/process/temporary_directory.hpp"

using namespace aerie;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777U;
}

}  // namespace

TEST_CASE("a state directory is private and its tokens stay", "[state]") {
  const testing::TemporaryDirectory temporary;
  const auto path = temporary.path() + "/deep/state";
  std::string first;
  {
    const auto state = StateDirectory::open(path);
    REQUIRE(state);
    first = state->operator_token();
    CHECK(first.size() == 64);
    CHECK(first != state->observer_token());
    CHECK(mode_of(path) == 0700);
    CHECK(mode_of(path + "/operator.token") == 0600);
    REQUIRE(state->write_address("127.0.0.1:1"));
    const auto second = StateDirectory::open(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == CauseKind::address_in_use);
    CHECK(std::filesystem::exists(path + "/address"));
  }
  // The first ended without removing its address, as a killed one does.
  const auto again = StateDirectory::open(path);
  REQUIRE(again);
  CHECK_FALSE(std::filesystem::exists(path + "/address"));
  CHECK(again->operator_token() == first);
}

TEST_CASE("a state directory that can't be is named", "[state]") {
  const auto state = StateDirectory::open("/proc/no-such-state");
  REQUIRE_FALSE(state);
  CHECK(state.error().message.find("/proc/no-such-state") != std::string::npos);
}
