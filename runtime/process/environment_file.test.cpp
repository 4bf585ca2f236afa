#include "runtime/process/environment_file.hpp"

#include <catch2/catch.hpp>

using aerie::with_variables;

TEST_CASE("variables of the environment file are replaced, others stay", "[environment_file]") {
  CHECK(with_variables("", {{"DISPLAY", ":7"}}) == "DISPLAY=:7\n");
  CHECK(with_variables("HOST=one\nPORT=4000\n", {{"PORT", "5000"}, {"SESSION_ID", "s"}}) ==
        "HOST=one\nPORT=5000\nSESSION_ID=s\n");
  CHECK(with_variables("PORT=1", {}) == "PORT=1\n");
}

TEST_CASE("a value can't bring another line", "[environment_file]") {
  CHECK(with_variables("A=1\n", {{"B", "2\nLD_PRELOAD=x"}}) == "A=1\n");
}
