#include "runtime/process/line_splitter.hpp"

#include <catch2/catch.hpp>

#include "runtime/process/child_output.hpp"

using aerie::ChildOutput;
using aerie::LineSplitter;
using aerie::LogLine;
using Lines = std::vector<std::string>;

TEST_CASE("lines are cut at their breaks, wherever the reads fall", "[lines]") {
  const std::string text = "one\r\n\ntwo\nthree";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    LineSplitter splitter;
    auto lines = splitter.feed(text.substr(0, cut));
    for (auto& line : splitter.feed(text.substr(cut)))
      lines.push_back(line);
    for (auto& line : splitter.finish())
      lines.push_back(line);
    CHECK(lines == Lines{"one", "", "two", "three"});
    CHECK(splitter.finish().empty());
  }
}

TEST_CASE("a line without end is cut once and marked", "[lines]") {
  LineSplitter splitter;
  for (int i = 0; i < 10; ++i)
    CHECK(splitter.feed(std::string(5000, 'x')).empty());
  const auto lines = splitter.feed("\nnext\n");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] ==
        std::string(LineSplitter::max_bytes, 'x') + std::string{LineSplitter::cut_mark});
  CHECK(lines[1] == "next");
}

TEST_CASE("a flood is dropped above its budget, and said so", "[lines]") {
  ChildOutput output;
  const ChildOutput::Clock::time_point start{std::chrono::hours{1}};
  const std::string line = std::string(1023, 'x') + "\n";
  std::size_t kept = 0;
  for (std::size_t i = 0; i < ChildOutput::bytes_a_second / 1024 + 7; ++i)
    kept += output.feed(LogLine::Stream::out, line, {}, start).size();
  CHECK(kept == ChildOutput::bytes_a_second / 1024);
  const auto later =
      output.feed(LogLine::Stream::out, "after\n", {}, start + std::chrono::seconds{1});
  REQUIRE(later.size() == 2);
  CHECK_THAT(later[0].text, Catch::Contains("7 lines") && Catch::Contains("dropped"));
  CHECK(later[1].text == "after");
}

TEST_CASE("the last words of a flood are kept", "[lines]") {
  ChildOutput output;
  const ChildOutput::Clock::time_point start{std::chrono::hours{1}};
  const std::string line = std::string(1023, 'x') + "\n";
  for (std::size_t i = 0; i < ChildOutput::bytes_a_second / 1024 + 100; ++i)
    (void)output.feed(LogLine::Stream::out, line, {}, start);
  CHECK(output.feed(LogLine::Stream::err, "it broke\n", {}, start).empty());
  const auto rest = output.finish({});
  REQUIRE(rest.size() == ChildOutput::tail_lines + 1);
  CHECK_THAT(rest.front().text, Catch::Contains("81 lines"));
  CHECK(rest.back().text == "it broke");
  CHECK(rest.back().stream == LogLine::Stream::err);
  CHECK(output.tail().back() == "it broke");
}

TEST_CASE("the tail keeps the last lines of both streams, as valid UTF-8", "[lines]") {
  ChildOutput output;
  for (int i = 0; i < 30; ++i)
    (void)output.feed(i % 2 == 0 ? LogLine::Stream::out : LogLine::Stream::err,
                      std::to_string(i) + "\n", {}, {});
  (void)output.feed(LogLine::Stream::err, "\xff\n", {}, {});
  const auto unfinished = output.finish({});
  CHECK(unfinished.empty());
  const auto tail = output.tail();
  REQUIRE(tail.size() == ChildOutput::tail_lines);
  CHECK(tail.front() == "11");
  CHECK(tail.back() == "\xef\xbf\xbd");
}
