#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "guest/stream/input_injector.hpp"
#include "guest/stream/testing/x_server.hpp"
#include "guest/stream/unicode.hpp"

// What a person types on any keyboard must arrive in a program as the same
// characters, whatever the layout of the guest's own display: keysyms in, as
// the viewer's page sends them (runtime/web/test/layouts.test.js), and
// characters out of an xterm.

using namespace aerie::stream;
using aerie::stream::testing::Painter;
using aerie::stream::testing::XServer;

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t alt_gr = 0xFE03;
constexpr std::uint32_t control_left = 0xFFE3;

/// The keysym by which the page names a character: noVNC's table has X's older
/// numbers for many.
std::uint32_t keysym_of_page(char32_t character) {
  static const std::map<char32_t, std::uint32_t> older{
      {U'€', 0x20AC}, {U'œ', 0x13BD}, {U'ą', 0x1B1}, {U'ł', 0x1B3}, {U'ż', 0x1BF}, {U'ć', 0x1E6},
      {U'ę', 0x1EA},  {U'й', 0x6CA},  {U'я', 0x6D1}, {U'Ж', 0x6F6}, {U'ё', 0x6A3}, {U'ğ', 0x2BB},
      {U'ş', 0x1BA},  {U'λ', 0x7EB},  {U'ש', 0xCF9}, {U'ů', 0x1F9}, {U'ž', 0x1BE}, {U'ア', 0x4B1}};
  const auto found = older.find(character);
  return found != older.end() ? found->second : keysym_of(character);
}

/// An xterm that writes down what it reads, byte for byte, and the injector
/// that types into it.
class Terminal {
 public:
  Terminal() : x_(std::move(*XConnection::open())), injector_(loop_, x_) {
    std::string pattern = fs::temp_directory_path() / "aerie-typed-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    const auto script = "stty raw -echo; : >" + folder_ + "/ready; exec cat >" + folder_ + "/typed";
    const char* const arguments[] = {"xterm",     "-u8",          "-fn",  "6x13",
                                     "-geometry", "40x10+0+0",    "-e",   "sh",
                                     "-c",        script.c_str(), nullptr};
    ::setenv("LC_ALL", "C.UTF-8", 1);
    if (::posix_spawnp(&pid_, "xterm", nullptr, nullptr, const_cast<char* const*>(arguments),
                       environ) != 0)
      throw std::runtime_error("xterm is not installed");
    // It is there once a key arrives; what was pressed before is not read by
    // anybody.
    const bool is_there = until([this] {
      if (!fs::exists(folder_ + "/ready")) return false;
      press('x');
      return !all_typed().empty();
    });
    if (!is_there) throw std::runtime_error("xterm does not start");
    press('#');
    (void)until([this] { return all_typed().ends_with('#'); });
    before_ = all_typed().size();
  }
  ~Terminal() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    fs::remove_all(folder_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void key(std::uint32_t keysym, bool down) { (void)injector_.inject(KeyEvent{keysym, down}); }
  void press(char32_t character) {
    key(keysym_of_page(character), true);
    key(keysym_of_page(character), false);
  }
  void press_each(const std::string& utf8) {
    const auto characters = *decode_utf8(utf8);
    for (const auto character : characters)
      press(character);
  }
  void text(const std::string& utf8) { (void)injector_.inject(TextEvent{*decode_utf8(utf8)}); }
  void leave() { injector_.release_all_in_turn(); }

  /// What has been read once it is as long as that, or does not get longer in
  /// time.
  [[nodiscard]] std::string read(std::size_t bytes) {
    (void)until([&] { return all_typed().size() >= before_ + bytes; });
    return all_typed().substr(before_);
  }

 private:
  [[nodiscard]] std::string all_typed() const {
    std::ifstream file{folder_ + "/typed"};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  [[nodiscard]] bool until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      const auto tick = loop_.after(5ms, [] {});
      loop_.step();
    }
    return done();
  }

  std::string folder_;
  std::size_t before_ = 0;  ///< bytes that were typed to see that it is there
  pid_t pid_ = -1;
  EventLoop loop_;
  XConnection x_;
  InputInjector injector_;
};

}  // namespace

TEST_CASE("what is typed on any layout is what a program reads", "[keyboard][layouts]") {
  const XServer x;
  Terminal terminal;
  const std::vector<std::pair<std::string, std::string>> layouts{
      {"us", "The quick (brown) fox; #1 @ 50%! \\|`~"},
      {"gb", "\u00a350 \u00ac \"quoted\" \\"},
      {"de",
       "\u00e4\u00f6\u00fc\u00df\u00c4\u00d6\u00dc \u20ac @ \u00b5 "
       "\u00b2 zy{[]}"},
      {"fr", "\u00e9\u00e8\u00e7\u00e0\u00f9\u00e2\u00ea\u0153 \u00a7 1234567890"},
      {"es", "\u00f1\u00d1 \u00bfqu\u00e9? \u00a1s\u00ed! \u00fc"},
      {"it", "perch\u00e9 citt\u00e0 \u00f2 \u00ec \u00b0"},
      {"pl", "\u0105\u0107\u0119\u0142\u0144\u00f3\u015b\u017a\u017c"},
      {"ru", "\u043f\u0440\u0438\u0432\u0435\u0442 \u0401\u0436 \u2116"},
      {"tr", "\u011f\u0131\u015f\u0130\u00e7"},
      {"cz", "\u016f\u017e\u0161\u010d\u0159"},
      {"gr", "\u03bb\u03cc\u03b3\u03bf\u03c2"},
      {"il", "\u05e9\u05dc\u05d5\u05dd"},
      {"jp", "\u00a5 \u30a2\u30ab @"},
  };
  std::string all;
  for (const auto& [layout, typed] : layouts) {
    CAPTURE(layout);
    const auto before = all.size();
    terminal.press_each(typed);
    all += typed;
    CHECK(terminal.read(all.size()).substr(before) == typed);
  }
}

TEST_CASE("characters of the third level arrive while AltGr is held", "[keyboard][layouts]") {
  const XServer x;
  Terminal terminal;
  const std::string typed = "@\u20ac\\|{[]}~\u0105\u0142\u00e9";
  terminal.key(alt_gr, true);
  terminal.press_each(typed);
  terminal.key(alt_gr, false);
  terminal.press('x');
  CHECK(terminal.read(typed.size() + 1) == typed + "x");
}

TEST_CASE(
    "control and letters make control characters, held shift changes "
    "none of them",
    "[keyboard][layouts]") {
  const XServer x;
  Terminal terminal;
  terminal.key(control_left, true);
  terminal.press('c');
  terminal.press('a');
  terminal.key(control_left, false);
  terminal.key(keysyms::shift_left, true);
  terminal.press('A');
  terminal.press('2');  // a layout that has digits with shift, as the French
  terminal.press(U'\u00c9');
  terminal.key(keysyms::shift_left, false);
  terminal.press('b');
  CHECK(terminal.read(7) ==
        "\x03\x01"
        "A2\u00c9"
        "b");
}

TEST_CASE("composed text arrives whole, among keys, in its order", "[keyboard][layouts]") {
  const XServer x;
  Terminal terminal;
  const std::string composed =
      "\u3053\u3093\u306b\u3061\u306f \u4f60\u597d \ud55c\uae00 ti\u1ebfng";
  terminal.press('>');
  terminal.text(composed);
  terminal.press('<');
  const auto expected = ">" + composed + "<";
  CHECK(terminal.read(expected.size()) == expected);
}

TEST_CASE("what was typed before its viewer left is typed, and no key stays down",
          "[keyboard][layouts]") {
  const XServer x;
  Terminal terminal;
  terminal.key(U'\u00e9', true);  // no key of this layout: it waits to be lent one
  terminal.text("\u4f60\u597d");
  terminal.key(control_left, true);
  terminal.leave();
  terminal.press('c');
  const std::string expected = "\u00e9\u4f60\u597dc";
  CHECK(terminal.read(expected.size()) == expected);
}

TEST_CASE("keys and buttons that a streamer left down are let go by the next", "[keyboard]") {
  const XServer x;
  Painter painter;
  EventLoop loop;
  auto connection = std::move(*XConnection::open());
  auto before = std::make_unique<InputInjector>(loop, connection);
  (void)before->inject(KeyEvent{control_left, true});
  (void)before->inject(KeyEvent{'a', true});
  (void)before->inject(ButtonEvent{3, true, Point{5, 5}, {}});
  before.reset();  // as if it were killed: nothing is released
  auto other = std::move(*XConnection::open());
  const InputInjector next{loop, other};
  const XcbPtr<xcb_query_keymap_reply_t> keys{
      xcb_query_keymap_reply(other.get(), xcb_query_keymap(other.get()), nullptr)};
  REQUIRE(keys);
  for (const auto eight : keys->keys)
    CHECK(eight == 0);
  const XcbPtr<xcb_query_pointer_reply_t> pointer{
      xcb_query_pointer_reply(other.get(), xcb_query_pointer(other.get(), other.root()), nullptr)};
  REQUIRE(pointer);
  CHECK(pointer->mask == 0);
}
