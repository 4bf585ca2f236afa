#include "guest/login/address.hpp"

#include <catch2/catch.hpp>

namespace aerie::login {

namespace {

const std::regex any_address{R"((https?://\S+))"};

std::vector<Row> rows_of(const std::vector<std::string>& texts) {
  std::vector<Row> rows;
  for (const auto& text : texts) {
    int columns = 0;
    for (const auto each : text)
      columns += (static_cast<unsigned char>(each) & 0xC0U) != 0x80U ? 1 : 0;
    rows.push_back({text, columns});
  }
  return rows;
}

}  // namespace

TEST_CASE("an address is found among other words", "[login]") {
  const auto found = find_address(
      rows_of({"Open this:", "", "  https://id.example/auth?a=1&b=2", "", "Waiting..."}), 80,
      any_address);
  REQUIRE(found);
  CHECK(found->address == "https://id.example/auth?a=1&b=2");
  CHECK_FALSE(found->may_go_on);
}

TEST_CASE("a wrapped address is put together", "[login]") {
  const int columns = GENERATE(40, 80, 240);
  const int width = std::min(columns, 80);
  std::string address = "https://id.example/authorize?";
  while (address.size() < static_cast<std::size_t>(width) * 3 + 7)
    address += "state=abcdefghij&";
  address += "end";
  std::vector<std::string> texts{"Go to"};
  for (std::size_t at = 0; at < address.size(); at += static_cast<std::size_t>(width))
    texts.push_back(address.substr(at, static_cast<std::size_t>(width)));
  texts.emplace_back("");
  texts.emplace_back("Waiting");
  const auto found = find_address(rows_of(texts), columns, any_address);
  REQUIRE(found);
  CHECK(found->address == address);
}

TEST_CASE("an address in a frame is put together", "[login]") {
  const std::string first =
      "https://id.example/authorize?client=0123456789012345678901234567890123456";
  const std::string rest = "&state=xyz";
  const auto line = [](const std::string& text) {
    return "\u2502 " + text + std::string(74 - text.size(), ' ') + " \u2502";
  };
  const auto found =
      find_address(rows_of({"\u256d\u2500\u256e", line(first + "8"), line(rest)}), 78, any_address);
  REQUIRE(found);
  CHECK(found->address == first + "8" + rest);
}

TEST_CASE("what follows an address that ends before the edge is no part of it", "[login]") {
  const auto found = find_address(rows_of({"https://id.example/auth", "Waiting"}), 80, any_address);
  REQUIRE(found);
  CHECK(found->address == "https://id.example/auth");
}

TEST_CASE("an address at the edge may go on", "[login]") {
  const auto found =
      find_address(rows_of({"https://id.example/" + std::string(61, 'a')}), 80, any_address);
  REQUIRE(found);
  CHECK(found->may_go_on);
}

TEST_CASE("the newest address counts", "[login]") {
  const auto found =
      find_address(rows_of({"https://one.example/", "https://two.example/"}), 80, any_address);
  REQUIRE(found);
  CHECK(found->address == "https://two.example/");
}

TEST_CASE("only addresses of the web are taken", "[login]") {
  const std::string text = GENERATE("javascript:alert(1)", "file:///etc/passwd", "http", "");
  CHECK_FALSE(is_address(text));
  CHECK_FALSE(find_address(rows_of({text}), 80, std::regex{"(.*)"}));
  CHECK_FALSE(is_address("https://a/" + std::string(9000, 'x')));
  CHECK_FALSE(is_address("https://a/\"onload=x"));
  CHECK(is_address("http://127.0.0.1:1455/callback?x=%20"));
}

TEST_CASE("last lines leave out what looks like a secret", "[login]") {
  const auto lines =
      last_lines(rows_of({"one", "token sk-ant-0123456789abcdefghij ok", "three"}), 80, 2);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "token [27 characters] ok");
  CHECK(lines[1] == "three");
}

}  // namespace aerie::login
