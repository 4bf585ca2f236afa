#include "guest/login/terminal.hpp"

#include <catch2/catch.hpp>

namespace aerie::login {

namespace {

struct Screen {
  std::string replies;
  Terminal terminal{[this](std::string_view bytes) { replies += bytes; }};

  [[nodiscard]] std::string line(std::size_t number) const {
    const auto rows = terminal.content();
    return number < rows.size() ? rows[number].text : "";
  }
};

}  // namespace

TEST_CASE("a terminal shows text without its escape codes", "[login]") {
  Screen screen;
  screen.terminal.feed("\x1b[1;32mOpen\x1b[0m \x1b[4mhttps://a.example/\x1b[24m\r\nnext");
  CHECK(screen.line(0) == "Open https://a.example/");
  CHECK(screen.line(1) == "next");
  CHECK(screen.terminal.is_writing());
  screen.terminal.feed("\r\n");
  CHECK_FALSE(screen.terminal.is_writing());
}

TEST_CASE("a terminal answers where its cursor is, and what it is", "[login]") {
  Screen screen;
  screen.terminal.feed("ab\r\ncde\x1b[6n");
  CHECK(screen.replies == "\x1b[2;4R");
  screen.replies.clear();
  screen.terminal.feed("\x1b[c");
  CHECK_THAT(screen.replies, Catch::StartsWith("\x1b[?"));
  screen.replies.clear();
  screen.terminal.feed("\x1b]11;?\x07");
  CHECK_THAT(screen.replies, Catch::Contains("rgb:"));
}

TEST_CASE("a terminal keeps what scrolled away", "[login]") {
  Screen screen;
  screen.terminal.feed("first\r\n");
  for (int i = 0; i < Terminal::rows + 5; ++i)
    screen.terminal.feed("more\r\n");
  CHECK(screen.line(0) == "first");
}

TEST_CASE("a terminal draws full screens and comes back", "[login]") {
  Screen screen;
  screen.terminal.feed("before\r\n\x1b[?1049h\x1b[2J\x1b[5;3Hcentred");
  CHECK(screen.line(4) == "  centred");
  screen.terminal.feed("\x1b[?1049l");
  CHECK(screen.line(0) == "before");
}

TEST_CASE("a hyperlink's address is whole, however long", "[login]") {
  Screen screen;
  const auto address = "https://a.example/" + std::string(900, 'x');
  for (const auto each : "\x1b]8;;" + address + "\x1b\\click\x1b]8;;\x1b\\")
    screen.terminal.feed({&each, 1});
  REQUIRE(screen.terminal.links().size() == 1);
  CHECK(screen.terminal.links().back() == address);
  CHECK(screen.line(0) == "click");
}

TEST_CASE("control strings don't reach the screen, whole or cut short", "[login]") {
  Screen screen;
  const std::string text = GENERATE("\x1b]0;title\x07", "\x1bPq#0\x1b\\", "\x1b_app\x1b\\",
                                    "\x1b]0;cut\x18", "\x1b]0;cut\x1b[1m");
  for (const auto each : "a" + text + "b")
    screen.terminal.feed({&each, 1});
  CHECK(screen.line(0) == "ab");
}

TEST_CASE("a control string without end takes no memory", "[login]") {
  Screen screen;
  screen.terminal.feed("\x1b]8;;https://a.example/");
  for (int i = 0; i < 100; ++i)
    screen.terminal.feed(std::string(4096, 'x'));
  screen.terminal.feed("\x07shown");
  CHECK(screen.terminal.links().empty());
  CHECK(screen.line(0) == "shown");
}

TEST_CASE("wide and combined characters have their places", "[login]") {
  Screen screen;
  screen.terminal.feed("\u65e5\u672c e\u0301!");
  CHECK(screen.line(0) == "\u65e5\u672c e\u0301!");
  CHECK(screen.terminal.content()[0].end == 7);
}

}  // namespace aerie::login
