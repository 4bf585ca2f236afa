#include "runtime/console/command_words.hpp"

#include <catch2/catch.hpp>

using namespace aerie;

TEST_CASE("a line is cut into words", "[console]") {
  using Words = std::vector<std::string>;
  CHECK(split_words("") == Words{});
  CHECK(split_words("  tree\t ") == Words{"tree"});
  CHECK(split_words("hold 1a2b audit 'it is \"mine\"'") ==
        Words{"hold", "1a2b", "audit", "it is \"mine\""});
  CHECK(split_words("a\"b c\"d ''") == Words{"ab cd", ""});
  CHECK_FALSE(split_words("hold 'open"));
}

TEST_CASE("commands are read with their options", "[console]") {
  const auto logs = read_command("logs 1a2b -f browser --tail 20");
  REQUIRE(logs);
  CHECK(logs->form->name == "logs");
  CHECK(logs->follows);
  CHECK(logs->tail == 20u);
  CHECK(logs->words == std::vector<std::string>{"1a2b", "browser"});

  const auto hold = read_command("hold 1a2b audit because -f matters to us");
  REQUIRE(hold);
  CHECK(hold->word(2) == "because -f matters to us");

  const auto retire = read_command("retire 1a2b it hangs --force");
  REQUIRE(retire);
  CHECK(retire->forced);
  CHECK(retire->word(1) == "it hangs");
  CHECK(read_command("kill 1a2b browser -9").has_value());
}

TEST_CASE("what is wrong with a line is said with what to write", "[console]") {
  const auto fault = [](std::string_view line) {
    const auto read = read_command(line);
    if (read) throw std::runtime_error("it was read");
    CHECK(read.error().status == 2);
    return read.error();
  };
  CHECK(fault("tre").message.find("tree") != std::string::npos);
  CHECK(fault("tre").code == "unknown-command");
  CHECK(fault("why").remedy == "Write: why ID");
  CHECK(fault("tree -f").message == "'tree' takes no -f.");
  CHECK(fault("why a b").message.find("'b'") != std::string::npos);
  CHECK(fault("logs 1a2b --tail many").message.find("many") != std::string::npos);
  CHECK(fault("logs 1a2b --tail").message.find("number") != std::string::npos);
  CHECK(fault("ps --wide").message.find("--wide") != std::string::npos);
  CHECK(fault("").message == "There is no command.");
  CHECK(fault("hold 'x").message == "A quote is left open.");
  CHECK(fault(std::string(10'000, 'x')).status == 2);
}
