#include "guest/env_mask.hpp"

#include <catch2/catch.hpp>

using namespace aerie;
using aerie::guest::EnvMask;

TEST_CASE("values of the session's environment stay in the guest", "[guest]") {
  const EnvMask mask({{"TOKEN", "hunter2-hunter2"},
                      {"PART", "hunter2"},
                      {"FLAG", "true"},
                      {"KEY", "-----BEGIN\nline of a key\n"}});

  std::string text = "TOKEN=hunter2-hunter2 FLAG=true hunter2hunter2";
  mask.apply(text);
  CHECK(text == "TOKEN=[env TOKEN] FLAG=true [env PART][env PART]");

  link::GuestMessage lines = link::LogLines{"main", false, {"line of a key", "and more"}};
  mask.apply(lines);
  CHECK(std::get<link::LogLines>(lines).lines == std::vector<std::string>{"[env KEY]", "and more"});

  link::ChildNews news;
  news.kind = link::ChildNewsKind::exited;
  news.exit = ExitRecord{};
  news.exit->message = "It said hunter2.";
  news.exit->tail = {"password hunter2"};
  news.cause = Cause{CauseKind::exit_code, "hunter2", "", {"hunter2"}};
  link::GuestMessage exited = news;
  mask.apply(exited);
  const auto& masked = std::get<link::ChildNews>(exited);
  CHECK(masked.exit->message == "It said [env PART].");
  CHECK(masked.exit->tail == std::vector<std::string>{"password [env PART]"});
  CHECK(masked.cause->message == "[env PART]");
  CHECK(masked.cause->evidence == std::vector<std::string>{"[env PART]"});

  link::GuestMessage finished = link::Finished{Cause{CauseKind::exit_code, "hunter2", "", {}}};
  mask.apply(finished);
  CHECK(std::get<link::Finished>(finished).cause->message == "[env PART]");
}

TEST_CASE("without an environment nothing is masked", "[guest]") {
  CHECK(EnvMask{}.empty());
  const std::vector<std::pair<std::string, std::string>> short_ones{{"FLAG", "1"}};
  CHECK(EnvMask(short_ones).empty());
}
