#include <catch2/catch.hpp>

#include "runtime/gateway/server_fixture.test.hpp"

namespace aerie::testing {

TEST_CASE("a request reaches the handler and its answer the client", "[gateway][server]") {
  RunningServer running;
  echo(running);
  const auto call = [&](const std::string& method, const std::string& path,
                        const std::string& headers = {}, const std::string& body = {}) {
    RawClient client(running.server->bound_port());
    client.send_request(method, path, headers, body);
    return client.receive();
  };

  const auto response = call("GET", "/api/v1/x?a=1&b=%20%26c&d=x+y&e");
  CHECK(response.status == 200);
  CHECK(response.body == "GET /api/v1/x|a=1|b= &c|d=x y|e=");
  CHECK(response.headers.at("x-content-type-options") == "nosniff");
  CHECK(response.headers.at("referrer-policy") == "no-referrer");
  CHECK(response.headers.at("cache-control") == "no-store");
  CHECK(response.headers.contains("content-security-policy"));

  CHECK(response.headers.at("connection") == "keep-alive");

  CHECK(call("POST", "/p", {}, R"({"a":1})").body == R"(POST /p#{"a":1})");
  CHECK(call("PUT", "/p", "Content-Length: 0\r\n").body == "PUT /p");
  CHECK(call("POST", "/p", "Content-Length: 0\r\n").body == "POST /p");
  CHECK(call("DELETE", "/p").body == "DELETE /p");
}

TEST_CASE("headers of a request are passed on in lower case", "[gateway][server]") {
  RunningServer running;
  RawClient client(running.server->bound_port());
  client.send_request("GET", "/x",
                      "AUTHORIZATION: Bearer abc\r\nIdempotency-Key: k1\r\nLast-Event-ID: 17\r\n");
  const auto event = running.handler.next();
  REQUIRE(event.what == "request GET /x");
  CHECK(find_pair(event.request.headers, "authorization") == "Bearer abc");
  CHECK(find_pair(event.request.headers, "idempotency-key") == "k1");
  CHECK(find_pair(event.request.headers, "last-event-id") == "17");
}

TEST_CASE("HEAD gets the head of GET", "[gateway][server]") {
  RunningServer running;
  echo(running);
  RawClient client(running.server->bound_port());
  client.send_request("HEAD", "/x");
  const auto head = client.receive(true);
  CHECK(head.status == 200);
  CHECK(head.headers.at("content-length") == "7");
  client.send_request("GET", "/y");  // what comes next is no body
  CHECK(client.receive().body == "GET /y");
}

TEST_CASE("bodies without a length are refused and the connection closed", "[gateway][server]") {
  RunningServer running;
  echo(running);
  SECTION("chunked") {
    RawClient client(running.server->bound_port());
    client.send_request("POST", "/x", "Transfer-Encoding: chunked\r\n");
    client.send("4\r\nbody\r\n0\r\n\r\n");
    CHECK(client.receive().status == 411);
    CHECK(client.at_end());
  }
  SECTION("chunked, of a method that needs none") {
    RawClient client(running.server->bound_port());
    client.send_request("GET", "/x", "Transfer-Encoding: chunked\r\n");
    CHECK(client.receive().status == 411);
    CHECK(client.at_end());
  }
  SECTION("neither chunked nor counted") {
    RawClient client(running.server->bound_port());
    client.send("POST /x HTTP/1.1\r\nHost: localhost\r\n\r\n{\"a\":1}");
    CHECK(client.receive().status == 411);
    CHECK(client.at_end());
  }
  SECTION("a large chunked body that goes on after the refusal") {
    RawClient client(running.server->bound_port());
    client.send_request("POST", "/x", "Transfer-Encoding: chunked\r\n");
    client.send("40000\r\n" + std::string(0x40000, 'x') + "\r\n");
    CHECK(client.receive().status == 411);
    CHECK(client.at_end());
  }
}

TEST_CASE("a POST that has no body is answered", "[gateway][server]") {
  RunningServer running;
  echo(running);
  RawClient client(running.server->bound_port());
  client.send_request("POST", "/x");
  CHECK(client.receive().body == "POST /x");
  CHECK(client.at_end());
}

TEST_CASE("bodies have a bound", "[gateway][server]") {
  RunningServer running;
  echo(running);
  SECTION("the largest") {
    RawClient client(running.server->bound_port());
    client.send_request("POST", "/x", {}, std::string(64 * 1024, 'a'));
    CHECK(client.receive().body.size() == 64 * 1024 + 8);
  }
  SECTION("one more") {
    RawClient client(running.server->bound_port());
    client.send_request("POST", "/x", {}, std::string(64 * 1024 + 1, 'a'));
    const auto response = client.receive();
    CHECK(response.status == 413);
    CHECK(Json::parse(response.body)["error"]["code"] == "too-large");
  }
  SECTION("announced, not sent") {
    RawClient client(running.server->bound_port());
    client.send_request("POST", "/x", "Content-Length: 99999999999\r\n");
    CHECK(client.receive().status == 413);
  }
}

TEST_CASE("a Content-Length that is no number is refused", "[gateway][server]") {
  RunningServer running;
  echo(running);
  const std::string value =
      GENERATE("-1", "1e3", "0x10", "5 5", "12345678901234567890", "5, 5", "five", "+5");
  CAPTURE(value);
  RawClient client(running.server->bound_port());
  client.send_request("POST", "/x", "Content-Length: " + value + "\r\n");
  CHECK(client.receive().status == 400);
  CHECK(client.at_end());
}

TEST_CASE("two Content-Lengths are refused", "[gateway][server]") {
  RunningServer running;
  echo(running);
  RawClient client(running.server->bound_port());
  client.send_request("POST", "/x", "Content-Length: 2\r\nContent-Length: 3\r\n");
  client.send("{}");
  CHECK(client.receive().status == 400);
}

TEST_CASE("Host and Origin are checked before anything else", "[gateway][server]") {
  GatewayOptions options;
  options.hosts = {"aerie.example"};
  options.origins = {"https://app.example"};
  RunningServer running(options);
  echo(running);
  const auto port = std::to_string(running.server->bound_port());
  const auto status = [&](const std::string& headers) {
    RawClient client(running.server->bound_port());
    client.send("GET /x HTTP/1.1\r\n" + headers + "\r\n");
    return client.receive().status;
  };
  CHECK(status("Host: localhost\r\n") == 200);
  CHECK(status("Host: [::1]:" + port + "\r\n") == 200);
  CHECK(status("Host: AERIE.example\r\n") == 200);
  CHECK(status("Host: evil.example\r\n") == 403);
  CHECK(status("Host: localhost.evil.example\r\n") == 403);
  CHECK(status("Host: localhost\r\nHost: evil.example\r\n") == 403);
  CHECK(status("") == 403);
  CHECK(status("Host: localhost\r\nOrigin: null\r\n") == 403);
  CHECK(status("Host: localhost\r\nOrigin: http://evil.example\r\n") == 403);
  CHECK(status("Host: localhost\r\nOrigin: http://localhost:1\r\n") == 403);
  CHECK(status("Host: localhost\r\nOrigin: http://127.0.0.1:" + port + "\r\n") == 200);
  CHECK(status("Host: localhost\r\nOrigin: https://app.example\r\n") == 200);
}

TEST_CASE("another site that may call gets CORS headers", "[gateway][server]") {
  GatewayOptions options;
  options.origins = {"https://app.example"};
  RunningServer running(options);
  echo(running);
  const auto call = [&](const std::string& method, const std::string& headers) {
    RawClient client(running.server->bound_port());
    client.send_request(method, "/api/v1/sessions", headers);
    return client.receive(method == "OPTIONS");
  };
  const auto preflight =
      call("OPTIONS", "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n");
  CHECK(preflight.status == 204);
  CHECK(preflight.headers.at("access-control-allow-origin") == "https://app.example");
  CHECK(preflight.headers.at("access-control-allow-headers").find("Authorization") == 0);
  CHECK(preflight.headers.at("access-control-allow-methods").find("PATCH") != std::string::npos);
  CHECK(preflight.headers.at("access-control-allow-headers").find("If-Match") != std::string::npos);
  CHECK_FALSE(preflight.headers.contains("accept-post"));
  const auto foreign = call("GET", "Origin: https://app.example\r\n");
  CHECK(foreign.headers.at("access-control-expose-headers").find("Link") != std::string::npos);
  CHECK(foreign.headers.at("access-control-allow-origin") == "https://app.example");
  CHECK_FALSE(call("GET", "").headers.contains("access-control-allow-origin"));
}

TEST_CASE("a PATCH arrives with its body and its condition", "[gateway][server]") {
  RunningServer running;
  RawClient client(running.server->bound_port());
  client.send_request("PATCH", "/whep/a/b",
                      "If-Match: \"x\"\r\nContent-Type: application/trickle-ice-sdpfrag\r\n",
                      "a=mid:0\r\n");
  const auto event = running.handler.next();
  REQUIRE(event.what == "request PATCH /whep/a/b");
  CHECK(event.request.body == "a=mid:0\r\n");
  CHECK(find_pair(event.request.headers, "if-match") == "\"x\"");
  RawClient asker(running.server->bound_port());
  asker.send_request("OPTIONS", "/whep/a");
  const auto options = asker.receive(true);
  CHECK(options.status == 204);
  CHECK(options.headers.at("accept-post") == "application/sdp");
}

TEST_CASE("h2c and other upgrades are refused", "[gateway][server]") {
  RunningServer running;
  echo(running);
  const std::string upgrade = GENERATE("h2c", "H2C", "tls/1.0", "websocket2");
  RawClient client(running.server->bound_port());
  client.send_request("GET", "/",
                      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: " + upgrade +
                          "\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n");
  const auto status = client.receive().status;
  CHECK(status >= 400);
  CHECK(status < 500);
  CHECK(client.at_end());
}

TEST_CASE("CONNECT, unknown methods and garbage end the connection", "[gateway][server]") {
  RunningServer running;
  echo(running);
  const std::string line =
      GENERATE("CONNECT evil.example:80 HTTP/1.1", "BREW /pot HTTP/1.1", "PRI * HTTP/2.0",
               "GET http://evil.example/ HTTP/1.1", "\x16\x03\x01\x02", "GET");
  RawClient client(running.server->bound_port());
  client.send(line + "\r\nHost: localhost\r\n\r\n");
  const auto response = client.receive();
  CHECK((response.status == 0 || response.status >= 400));
  // The server lives on.
  RawClient other(running.server->bound_port());
  other.send_request("GET", "/x");
  CHECK(other.receive().status == 200);
}

TEST_CASE("a body has a deadline of its own", "[gateway][server]") {
  GatewayOptions options;
  options.limits.request_within = std::chrono::seconds{1};
  RunningServer running(options);
  RawClient client(running.server->bound_port());
  client.send_request("POST", "/x", "Content-Length: 10\r\n");
  client.send("12345");
  CHECK(client.receive().status == 408);
  CHECK(client.at_end());
}

TEST_CASE("a client that waits to be asked for its body is asked", "[gateway][server]") {
  RunningServer running;
  echo(running);
  RawClient client(running.server->bound_port());
  client.send_request("POST", "/x", "Content-Length: 2\r\nExpect: 100-continue\r\n");
  CHECK(client.receive(true).status == 100);
  client.send("{}");
  CHECK(client.receive().body == "POST /x#{}");
}

TEST_CASE("an answer given just before the end arrives", "[gateway][server]") {
  RunningServer running;
  RawClient client(running.server->bound_port());
  client.send_request("GET", "/x");
  HttpResponse response;
  response.body = std::string(200'000, 'z');
  running.server->respond(running.handler.next().id, response);
  running.server->stop();
  CHECK(client.receive().body.size() == 200'000);
}

TEST_CASE("a client that says nothing is sent away", "[gateway][server]") {
  GatewayOptions options;
  options.limits.request_within = std::chrono::seconds{1};
  RunningServer running(options);
  RawClient client(running.server->bound_port());
  CHECK(client.at_end());
}

TEST_CASE("headers have a deadline", "[gateway][server]") {
  GatewayOptions options;
  options.limits.request_within = std::chrono::seconds{1};
  RunningServer running(options);
  RawClient client(running.server->bound_port());
  client.send("GET /x HTTP/1.1\r\nHost: ");
  CHECK(client.at_end());
}

TEST_CASE("a stream is written as it comes and ends", "[gateway][server]") {
  RunningServer running;
  RawClient client(running.server->bound_port());
  client.send_request("GET", "/events", "Connection: close\r\n");
  const auto id = running.handler.next().id;
  HttpResponse head;
  head.content_type = "text/event-stream";
  head.body = "first\n";
  running.server->begin_stream(id, head);
  CHECK(client.read_until("\r\n\r\n").find("text/event-stream") != std::string::npos);
  CHECK(client.read_until("first\n\r\n") == "6\r\nfirst\n\r\n");
  running.server->write_stream(id, "second\n");
  CHECK(client.read_until("second\n\r\n") == "7\r\nsecond\n\r\n");
  running.server->end_stream(id);
  CHECK(client.read_until("0\r\n\r\n") == "0\r\n\r\n");
  CHECK(client.at_end());
}

TEST_CASE("a quiet stream's reader that hangs up is noticed", "[gateway][server]") {
  RunningServer running;
  RawClient client(running.server->bound_port());
  client.send_request("GET", "/events");
  const auto id = running.handler.next().id;
  running.server->begin_stream(id, {});
  client.read_until("\r\n\r\n");
  client.close();
  const auto event = running.handler.next();
  CHECK(event.what == "gone");
  CHECK(event.id == id);
  running.server->write_stream(id, "nobody reads this");
  running.server->end_stream(id);
}

TEST_CASE("a stream's reader that falls behind is cut off", "[gateway][server]") {
  GatewayOptions options;
  options.limits.stream_queue_bytes = 64 * 1024;
  RunningServer running(options);
  RawClient client(running.server->bound_port(), 4096);
  client.send_request("GET", "/events");
  const auto id = running.handler.next().id;
  running.server->begin_stream(id, {});
  for (int i = 0; i < 4000; ++i)
    running.server->write_stream(id, std::string(4096, 'e'));
  const auto event = running.handler.next();
  CHECK(event.what == "gone");
  CHECK(event.id == id);
}

TEST_CASE("a large answer arrives whole", "[gateway][server]") {
  RunningServer running;
  std::string large(5'000'000, ' ');
  for (std::size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<char>('a' + i % 23);
  running.handler.answer = [&](HttpRequest request) {
    HttpResponse response;
    response.body = large;
    running.server->respond(request.id, std::move(response));
  };
  RawClient client(running.server->bound_port());
  client.send_request("GET", "/x", "Connection: close\r\n");
  CHECK((client.receive().body == large));
  CHECK(client.at_end());
}

TEST_CASE("a taken port is named", "[gateway][server]") {
  RunningServer running;
  RecordingHandler handler;
  GatewayOptions options;
  options.port = running.server->bound_port();
  const auto second = GatewayServer::bind(options, handler);
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == CauseKind::port_in_use);
  CHECK(second.error().message.find(std::to_string(options.port)) != std::string::npos);
}

}  // namespace aerie::testing
