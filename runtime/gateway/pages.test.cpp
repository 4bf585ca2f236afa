#include "runtime/gateway/pages.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <zlib.h>

namespace aerie {

namespace {

constexpr std::string_view index = "<html>index";
constexpr std::string_view viewer = "<html>viewer";
constexpr std::string_view console = "<html>console";
constexpr std::string_view document = "<script src=\"/web/a.js\"></script> /web/";
constexpr std::string_view script = "import '../vendor/b.js'";

const std::vector<EmbeddedPage> table{
    {"/web/index.html", "text/html; charset=utf-8", index.begin(), index.end()},
    {"/web/viewer.html", "text/html; charset=utf-8", viewer.begin(), viewer.end()},
    {"/web/console.html", "text/html; charset=utf-8", console.begin(), console.end()},
};

const std::string long_script(10'000, 'x');

std::string unpacked(std::string_view bytes) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string result(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  result.resize(stream.total_out);
  inflateEnd(&stream);
  return result;
}

}  // namespace

TEST_CASE("pages are found under their addresses", "[gateway][pages]") {
  const Pages pages(table);
  CHECK(pages.find("GET", "/", {})->body == index);
  CHECK(pages.find("HEAD", "/web/index.html", {})->body == index);
  CHECK(pages.find("GET", "/view/0f8fad5b-d9cb-469f-a165-70867728950e", {})->body == viewer);
  CHECK(pages.find("GET", "/console", {})->body == console);
  CHECK(pages.find("GET", "/", {})->content_type == "text/html; charset=utf-8");
  CHECK(pages.find("POST", "/", {})->status == 405);
}

TEST_CASE("no other path finds a page", "[gateway][pages]") {
  const Pages pages(table);
  const std::string path = GENERATE("", "//", "/web/", "/web", "/web/../web/index.html",
                                    "/etc/passwd", "/web/INDEX.html", "/web/index.html/", "/view/",
                                    "/view/x", "/view/0F8FAD5B-D9CB-469F-A165-70867728950E",
                                    "/view/0f8fad5b-d9cb-469f-a165-70867728950e/",
                                    "/view/../index.html", "/console/", "/console.html");
  CAPTURE(path);
  CHECK_FALSE(pages.find("GET", path, {}));
  CHECK_FALSE(pages.find("GET", path + std::string(1, '\0'), {}));
}

TEST_CASE("what documents refer to has a version, and is kept for good", "[gateway][pages]") {
  const auto with = [](std::string_view text) {
    return Pages({{"/web/index.html", "text/html", document.begin(), document.end()},
                  {"/web/a.js", "text/javascript", text.begin(), text.end()}});
  };
  const auto pages = with(script);
  const auto body = pages.find("GET", "/", {})->body;
  REQUIRE(body.starts_with("<script src=\"/v/"));
  CHECK(body.ends_with("/web/a.js\"></script> /web/"));
  const auto address = body.substr(13, body.find('"', 13) - 13);
  const auto found = pages.find("GET", address, {});
  REQUIRE(found);
  CHECK(found->body == script);
  CHECK(*find_pair(found->headers, "Cache-Control") == "public, max-age=31536000, immutable");
  CHECK(*find_pair(pages.find("GET", "/", {})->headers, "Cache-Control") == "no-cache");
  CHECK(pages.find("GET", "/web/a.js", {})->body == script);
  CHECK_FALSE(with("changed").find("GET", address, {}));
  CHECK_FALSE(pages.find("GET", address.substr(0, address.find("/web")) + "/", {}));
}

TEST_CASE("an unchanged page is not sent again", "[gateway][pages]") {
  const Pages pages(table);
  const auto first = *pages.find("GET", "/", {});
  const std::string tag(*find_pair(first.headers, "ETag"));
  const auto asked = [&](std::string_view path, std::string_view known) {
    return *pages.find("GET", path, {.if_none_match = known, .accept_encoding = {}});
  };
  CHECK(asked("/", tag).status == 304);
  CHECK(asked("/", tag).body.empty());
  CHECK(asked("/", "\"x\", " + tag).status == 304);
  CHECK(asked("/", "\"other\"").status == 200);
  CHECK(asked("/web/viewer.html", tag).status == 200);
}

TEST_CASE("who accepts gzip is sent less, with a tag of its own", "[gateway][pages]") {
  const std::string_view all(long_script);
  const Pages pages({{"/web/a.js", "text/javascript", all.begin(), all.end()},
                     {"/web/index.html", "text/html", index.begin(), index.end()}});
  const auto asked = [&](std::string_view path, std::string_view encodings,
                         std::string_view known = {}) {
    return *pages.find("GET", path, {.if_none_match = known, .accept_encoding = encodings});
  };
  const auto plain = asked("/web/a.js", "br, identity");
  CHECK(plain.body == all);
  CHECK_FALSE(find_pair(plain.headers, "Content-Encoding"));
  const auto packed = asked("/web/a.js", "gzip, deflate, br");
  CHECK(*find_pair(packed.headers, "Content-Encoding") == "gzip");
  CHECK(packed.body.size() < all.size() / 4);
  CHECK(unpacked(packed.body) == all);
  const std::string tag(*find_pair(packed.headers, "ETag"));
  CHECK(tag != *find_pair(plain.headers, "ETag"));
  CHECK(asked("/web/a.js", "gzip", tag).status == 304);
  CHECK(asked("/web/a.js", "", tag).status == 200);
  // What would not be shorter stays as it is.
  CHECK_FALSE(find_pair(asked("/", "gzip").headers, "Content-Encoding"));
}

}  // namespace aerie
