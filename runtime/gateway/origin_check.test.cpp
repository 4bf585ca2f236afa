#include "runtime/gateway/origin_check.hpp"

#include <catch2/catch.hpp>

namespace aerie {

TEST_CASE("authorities are read strictly", "[gateway][origin]") {
  CHECK(parse_authority("localhost") == Authority{"localhost", std::nullopt});
  CHECK(parse_authority("LocalHost:80") == Authority{"localhost", 80});
  CHECK(parse_authority("[::1]") == Authority{"::1", std::nullopt});
  CHECK(parse_authority("[::1]:4000") == Authority{"::1", 4000});
  const std::string bad = GENERATE("", ":80", "a:", "a:x", "a:70000", "a:-1", "[::1", "[]", "[x]",
                                   "[::1]80", "a b", "a/b", "a@b", "a:1:2", "a\r\nb", "a,b");
  CAPTURE(bad);
  CHECK_FALSE(parse_authority(bad));
}

TEST_CASE("origins are read strictly", "[gateway][origin]") {
  CHECK(parse_origin("https://a.example")->port() == 443);
  CHECK(parse_origin("http://a.example")->port() == 80);
  CHECK(parse_origin("HTTP://A.example:8080")->port() == 8080);
  const std::string bad = GENERATE("", "null", "a.example", "ftp://a", "file://", "http://",
                                   "http://a/", "http://a/b", "http://a?b", "javascript:alert(1)");
  CAPTURE(bad);
  CHECK_FALSE(parse_origin(bad));
}

TEST_CASE("Host and Origin are judged together", "[gateway][origin]") {
  OriginCheck check("192.0.2.7", {"aerie.example"}, {"https://app.example"},
                    "https://public.example/aerie");
  check.set_port(4000);
  using V = OriginVerdict;
  CHECK(check.judge("192.0.2.7:4000", {}) == V::none);
  CHECK(check.judge("localhost:9", {}) == V::none);
  CHECK(check.judge("[::1]:4000", {}) == V::none);
  CHECK(check.judge("public.example", {}) == V::none);
  CHECK(check.judge({}, {}) == V::refused_host);
  CHECK(check.judge("198.51.100.1", {}) == V::refused_host);
  CHECK(check.judge("aerie.example.evil.example", {}) == V::refused_host);

  CHECK(check.judge("localhost:4000", "http://localhost:4000") == V::own);
  CHECK(check.judge("127.0.0.1:4000", "http://localhost:4000") == V::own);
  CHECK(check.judge("localhost:9000", "http://localhost:9000") == V::own);
  CHECK(check.judge("aerie.example", "https://aerie.example") == V::own);
  CHECK(check.judge("127.0.0.1:4000", "https://public.example") == V::own);
  CHECK(check.judge("localhost:4000", "https://app.example") == V::foreign);
  CHECK(check.judge("localhost:4000", "https://app.example:443") == V::foreign);
  CHECK(check.judge("localhost:4000", "http://app.example") == V::refused_origin);
  CHECK(check.judge("localhost:4000", "http://localhost:3000") == V::refused_origin);
  CHECK(check.judge("localhost:4000", "null") == V::refused_origin);
  CHECK(check.judge("localhost:4000", "") == V::refused_origin);
}

TEST_CASE("only other sites of the configuration may frame the pages", "[gateway][origin]") {
  CHECK(OriginCheck("127.0.0.1", {}, {}, "").frame_ancestors() == "'none'");
  CHECK(OriginCheck("127.0.0.1", {}, {"https://a.example", "http://b.example:81", "nonsense"}, "")
            .frame_ancestors() == "https://a.example http://b.example:81");
}

}  // namespace aerie
