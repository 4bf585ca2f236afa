#include "runtime/gateway/http_message.hpp"

#include <catch2/catch.hpp>

namespace aerie {

TEST_CASE("a head is written with its framing", "[gateway][http]") {
  HttpResponse response;
  response.status = 201;
  response.headers = {{"Location", "/x"}, {"cache-control", "no-cache"}};
  CHECK(serialize_head(response, {.length = 2}, {{"Cache-Control", "no-store"}, {"A", "b"}}) ==
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
        "Connection: close\r\nLocation: /x\r\ncache-control: no-cache\r\nA: b\r\n\r\n");
}

TEST_CASE("a header's value can't begin another header", "[gateway][http]") {
  HttpResponse response;
  response.headers = {{"Location", "/x\r\nSet-Cookie: a=b\x01"}};
  const auto head = serialize_head(response, {}, {});
  CHECK(head.find("\r\nSet-Cookie") == std::string::npos);
  CHECK(head.find("Location: /x  Set-Cookie: a=b \r\n") != std::string::npos);
}

TEST_CASE("errors have the contract's shape", "[gateway][http]") {
  const auto response = error_response(422, "bad-field", "No \xff good.", "url");
  const auto json = Json::parse(response.body);
  CHECK(response.status == 422);
  CHECK(json["success"] == false);
  CHECK(json["error"]["code"] == "bad-field");
  CHECK(json["error"]["field"] == "url");
  CHECK_FALSE(Json::parse(error_response(404, "not-found", "x").body)["error"].contains("field"));
}

TEST_CASE("chunks carry their size in hexadecimal", "[gateway][http]") {
  CHECK(chunk_of("") == "0\r\n\r\n");
  CHECK(chunk_of("hello") == "5\r\nhello\r\n");
  CHECK(chunk_of(std::string(255, 'x')).starts_with("ff\r\n"));
}

TEST_CASE("a date is written as HTTP wants it", "[gateway][http]") {
  CHECK(http_date(std::chrono::sys_seconds(std::chrono::seconds(784111777))) ==
        "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("lists of tokens are searched whatever the case", "[gateway][http]") {
  CHECK(has_token("keep-alive, Upgrade", "upgrade"));
  CHECK(has_token("close", "close"));
  CHECK_FALSE(has_token("closed", "close"));
  CHECK_FALSE(has_token("", "close"));
}

TEST_CASE("a Content-Length is decimal digits", "[gateway][http]") {
  CHECK(content_length("0") == 0);
  CHECK(content_length("65536") == 65536);
  const std::string bad =
      GENERATE("", "-1", "+1", " 1", "1 ", "0x1", "1e1", "1,1", "9999999999999999999");
  CAPTURE(bad);
  CHECK_FALSE(content_length(bad));
}

}  // namespace aerie
