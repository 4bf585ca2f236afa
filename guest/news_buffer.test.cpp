#include "guest/news_buffer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "guest/log_frames.hpp"
#include "messages/frame.hpp"

using namespace aerie;
using guest::NewsBuffer;
using guest::pack_lines;

namespace {

link::ChildNews started(const std::string& child) {
  link::ChildNews news;
  news.child = child;
  return news;
}

}  // namespace

TEST_CASE("events are kept in order, logs and words up to a bound", "[guest]") {
  NewsBuffer buffer;
  buffer.add(started("display"));
  const std::string line(1000, 'x');
  for (int i = 0; i < 2000; ++i)
    buffer.add(link::LogLines{"browser", false, {line}});
  for (std::size_t i = 0; i < NewsBuffer::max_words + 10; ++i)
    buffer.add(link::StreamSays{{{"type", "candidate"}}});
  buffer.add(link::StreamSays{{{"type", "stats"}}});
  buffer.add(started("browser"));
  const auto kept = buffer.take();
  const auto& notice = std::get<link::LogLines>(kept.front());
  CHECK_THAT(notice.lines.front(), Catch::Contains("dropped"));
  CHECK(std::get<link::ChildNews>(kept[1]).child == "display");
  CHECK(std::get<link::ChildNews>(kept.back()).child == "browser");
  CHECK(std::count_if(kept.begin(), kept.end(), [](const auto& each) {
          return std::holds_alternative<link::StreamSays>(each);
        }) == NewsBuffer::max_words);
  CHECK(kept.size() < 1000 + NewsBuffer::max_words);
  CHECK(buffer.take().empty());
}

TEST_CASE("even events are bounded", "[guest]") {
  NewsBuffer buffer;
  for (std::size_t i = 0; i < NewsBuffer::max_events + 10; ++i)
    buffer.add(started("c" + std::to_string(i)));
  const auto kept = buffer.take();
  CHECK(kept.size() == NewsBuffer::max_events);
  CHECK(std::get<link::ChildNews>(kept.front()).child == "c10");
}

TEST_CASE("whatever a child writes fits its frames and arrives whole", "[guest]") {
  std::vector<LogLine> lines;
  for (int i = 0; i < 200; ++i)
    lines.push_back({{},
                     i % 7 == 0 ? LogLine::Stream::err : LogLine::Stream::out,
                     std::string(8192, static_cast<char>(i))});
  std::vector<std::string> arrived;
  for (auto& message : pack_lines("browser", lines)) {
    const auto frame = guest::fitting_frame(message);
    REQUIRE(encode_frame(frame));
    const auto parsed = link::parse_guest_message(frame);
    REQUIRE(parsed);
    for (const auto& text : std::get<link::LogLines>(*parsed).lines)
      arrived.push_back(text);
  }
  REQUIRE(arrived.size() == lines.size());
  for (std::size_t i = 0; i < 128; ++i)
    CHECK(arrived[i] == lines[i].text);
}

TEST_CASE("an exit's tail is shortened until its frame fits", "[guest]") {
  auto news = started("browser");
  news.kind = link::ChildNewsKind::exited;
  news.exit.emplace();
  news.exit->child = "browser";
  for (int i = 0; i < 20; ++i)
    news.exit->tail.emplace_back(1024, '\1');
  news.exit->tail.back() = "last";
  const auto frame = guest::fitting_frame(news);
  CHECK(encode_frame(frame));
  CHECK(frame["exit"]["tail"].back() == "last");
  CHECK(frame["exit"]["tail"].size() < 20);
}
