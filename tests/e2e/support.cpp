// The tools of the other tests, tried on what needs no controller.
#include <catch2/catch.hpp>

#include "tests/support/chromium.hpp"
#include "tests/support/descendants.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/site.hpp"

using aerie::test::Chromium;
using aerie::test::Colour;
using aerie::test::is_near;
using aerie::test::Picture;

TEST_CASE("bytes that are no PNG are refused", "[support]") {
  CHECK_FALSE(Picture::from_png("").has_value());
  CHECK_FALSE(Picture::from_png("not a picture").has_value());
}

TEST_CASE("a page is opened, seen and typed into", "[support]") {
  Chromium chromium;
  auto page = chromium.new_page(
      "data:text/html,<body style='margin:0;background:rgb(200,30,40)'>"
      "<input id=name style='position:absolute;left:300px;top:200px;width:200px'>");

  const auto picture = page.screenshot();
  CHECK(picture.width() == 1280);
  CHECK(picture.height() == 800);
  CHECK(is_near(picture.at(10, 10), Colour{200, 30, 40}));
  CHECK(picture.share_of({200, 30, 40}) > 0.9);

  page.click("#name");
  page.type("Aerie 42");
  page.press("Backspace");
  CHECK(page.wait_for("document.querySelector('#name').value") == "Aerie 42");
  CHECK_THROWS(page.evaluate("nowhere.atAll"));
}

TEST_CASE("waiting looks at frames, in two windows at once", "[support]") {
  Chromium chromium;
  const std::string url =
      "data:text/html,<script>let n=0;const f=()=>{document.title=String(++n);"
      "requestAnimationFrame(f)};f()</script>";
  auto first = chromium.new_page(url);
  auto second = chromium.new_page(url);
  CHECK(first.wait_for("Number(document.title) > 5") == true);
  CHECK(second.wait_for("Number(document.title) > 5") == true);
  first.reload();
  CHECK(first.wait_for("Number(document.title) > 2") == true);
  CHECK_THROWS_WITH(first.wait_for("false", std::chrono::milliseconds{50}),
                    Catch::Contains("waited in vain"));
}

TEST_CASE("a browser tells a site what happened in its page", "[support]") {
  aerie::test::Site site(
      "<!doctype html><title>site</title><script>let last=Promise.resolve();const "
      "say=(text)=>{last=last.then(()=>fetch('/"
      "said',{method:'POST',body:text}))};onkeydown=(event)=>say(event.key);say('loaded')</"
      "script>");
  const auto answer =
      aerie::test::HttpClient(site.url().substr(7, site.url().size() - 8)).get("/anything");
  CHECK(answer.status == 200);
  CHECK(answer.headers.at("content-type") == "text/html; charset=utf-8");
  {
    Chromium chromium;
    auto page = chromium.new_page(site.url());
    CHECK(site.next_post() == "loaded");
    page.type("aZ 1");
    for (const auto* key : {"a", "Z", " ", "1"})
      CHECK(site.next_post() == key);
    CHECK_FALSE(aerie::test::descendants("chromium").empty());
  }
}
