#include "runtime/gateway/pages.hpp"

#include <catch2/catch.hpp>
#include <string>

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
  CHECK(pages.find("GET", "/", tag)->status == 304);
  CHECK(pages.find("GET", "/", tag)->body.empty());
  CHECK(pages.find("GET", "/", "\"x\", " + tag)->status == 304);
  CHECK(pages.find("GET", "/", "\"other\"")->status == 200);
  CHECK(pages.find("GET", "/web/viewer.html", tag)->status == 200);
}

}  // namespace aerie
