#include "runtime/tombstones/redaction.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "runtime/process/temporary_directory.hpp"
#include "runtime/tombstones/folder.hpp"

using namespace aerie;

TEST_CASE("a session's address is left out, also as JSON writes it", "[tombstone]") {
  const Redaction redaction{"data:text/html,\"hi\""};
  CHECK(redaction.apply("open data:text/html,\"hi\" now") == "open [url] now");
  CHECK(redaction.apply(Json{{"line", "data:text/html,\"hi\"!"}}.dump()) ==
        "{\"line\":\"[url]!\"}");
  CHECK(redaction.apply("data:text/html") == "data:text/html");
  CHECK(Redaction{"about:blank"}.apply("about:blank") == "about:blank");
  CHECK(Redaction{}.apply("anything") == "anything");
}

TEST_CASE("an address is found wherever a file's pieces part", "[tombstone]") {
  const aerie::testing::TemporaryDirectory place;
  const std::string url = "https://example.org/?token=0123456789";
  const auto before = GENERATE(as<std::size_t>{}, 256 * 1024 - 36, 256 * 1024 - 5, 256 * 1024);
  const std::string filler(before, 'x');
  {
    const auto folder = Folder::open(place.path());
    REQUIRE(folder->write("from", filler + url + "middle" + url));
    const auto from = folder->find_file("from");
    const auto to = folder->create("to");
    REQUIRE(Redaction{url}.copy(from->get(), to->get(), "to"));
    CHECK(folder->read("to", 1 << 20) == filler + "[url]middle[url]");
  }
}
