#include "guest/command_line.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

using aerie::guest::Environment;
using aerie::guest::substitute;
using Words = std::vector<std::string>;

TEST_CASE("values are put into arguments and never split or read again", "[guest]") {
  const aerie::guest::Substitutions values{{"url", "data:text/html,<a b=\"${width}\"> ${url}"},
                                           {"width", "1280"}};
  CHECK(substitute({"chromium", "--app=${url}", "${width}x${height}", "${", "$width", "}"},
                   values) == Words{"chromium", "--app=data:text/html,<a b=\"${width}\"> ${url}",
                                    "1280x${height}", "${", "$width", "}"});
  CHECK(substitute({"${}${width}${width}"}, values) == Words{"${}12801280"});
}

TEST_CASE("later layers of an environment win", "[guest]") {
  const Environment first{{"A", "1"}, {"B", "1"}};
  const Environment second{{"B", "2"}};
  const auto merged = aerie::guest::merge({&first, &second});
  CHECK(merged == std::vector<std::pair<std::string, std::string>>{{"A", "1"}, {"B", "2"}});
  CHECK(aerie::guest::first_missing({"A", "B"}, merged).empty());
  CHECK(aerie::guest::first_missing({"A", "TOKEN", "C"}, merged) == "TOKEN");
}

TEST_CASE("variables for the guest program itself stay with it", "[guest]") {
  REQUIRE(::setenv("AERIE_TESTED", "1", 1) == 0);
  REQUIRE(::setenv("NOT_AERIE_TESTED", "a=b", 1) == 0);
  const auto environment = aerie::guest::own_environment();
  CHECK_FALSE(environment.contains("AERIE_TESTED"));
  CHECK(environment.at("NOT_AERIE_TESTED") == "a=b");
}
