// One connection, one request after the other, and when it ends.
#include <catch2/catch.hpp>

#include "runtime/gateway/server_fixture.test.hpp"

namespace aerie::testing {

TEST_CASE("one connection serves one request after the other", "[gateway][server]") {
  RunningServer running;
  echo(running);
  RawClient client(running.server->bound_port());
  for (int round = 0; round < 3; ++round) {
    client.send_request("GET", "/a?n=1");
    CHECK(client.receive().body == "GET /a|n=1");
    client.send_request("POST", "/b", {}, "bb");
    CHECK(client.receive().body == "POST /b#bb");
    client.send_request("HEAD", "/c");
    CHECK(client.receive(true).headers.at("content-length") == "7");
    client.send_request("POST", "/d", "Content-Length: 0\r\n");
    CHECK(client.receive().body == "POST /d");
    client.send_request("DELETE", "/e");
    CHECK(client.receive().body == "DELETE /e");
    client.send_request("OPTIONS", "/f");
    CHECK(client.receive(true).status == 204);
    client.send_request("PUT", "/g", "Expect: 100-continue\r\n", std::string(60'000, 'x'));
    CHECK(client.receive(true).status == 100);
    CHECK(client.receive().body.size() == 7 + 60'000);
  }
  client.send_request("GET", "/z", "Connection: close\r\n");
  const auto last = client.receive();
  CHECK(last.body == "GET /z");
  CHECK(last.headers.at("connection") == "close");
  CHECK(client.at_end());
}

TEST_CASE("headers and answers of one request are not the next one's", "[gateway][server]") {
  RunningServer running;
  RawClient client(running.server->bound_port());
  client.send_request("POST", "/1", "Authorization: Bearer abc\r\nIdempotency-Key: k1\r\n", "one");
  const auto first = running.handler.next();
  CHECK(find_pair(first.request.headers, "authorization") == "Bearer abc");
  running.server->respond(first.request.id, error_response(404, "not-found", "None."));
  CHECK(client.receive().status == 404);
  running.server->respond(first.request.id, text_response("twice"));

  client.send_request("GET", "/2?q=1");
  const auto second = running.handler.next();
  CHECK(second.request.id != first.request.id);
  CHECK(second.request.body.empty());
  CHECK_FALSE(find_pair(second.request.headers, "authorization"));
  CHECK_FALSE(find_pair(second.request.headers, "idempotency-key"));
  running.server->respond(second.request.id, text_response("two"));
  CHECK(client.receive().body == "two");
}

TEST_CASE("a streamed answer that ends leaves its connection to the next request",
          "[gateway][server]") {
  RunningServer running;
  RawClient client(running.server->bound_port());
  for (const std::string text : {"one", "two"}) {
    client.send_request("GET", "/stream");
    const auto id = running.handler.next().request.id;
    running.server->begin_stream(id, text_response({}));
    running.server->write_stream(id, text);
    running.server->end_stream(id);
    CHECK(client.receive().body == text);
  }
}

TEST_CASE("an exchange whose end is not sure closes its connection", "[gateway][server]") {
  RunningServer running;
  echo(running);
  RawClient client(running.server->bound_port());
  SECTION("HTTP/1.0") {
    client.send("GET /x HTTP/1.0\r\nHost: localhost\r\n\r\n");
    CHECK(client.receive().body == "GET /x");
  }
  SECTION("a method without a body that says how long it is") {
    client.send_request("GET", "/x", {}, "body");
    CHECK(client.receive().status == 200);
  }
  SECTION("a method with a body that says nothing of it") {
    client.send_request("POST", "/x");
    CHECK(client.receive().body == "POST /x");
  }
  SECTION("a host that is not served here") {
    client.send("GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    CHECK(client.receive().status == 403);
  }
  CHECK(client.at_end());
}

TEST_CASE("of pipelined requests the first is answered, then the connection closed",
          "[gateway][server]") {
  RunningServer running;
  echo(running);
  // Static: Catch keeps references to generated values over the runs of a case.
  static const std::string get = "GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
  static const std::string post =
      "POST /1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\naa";
  const std::string first = GENERATE_COPY(get, post);
  const std::string second = GENERATE_COPY(get, post);
  const bool is_kept = GENERATE(false, true);
  RawClient client(running.server->bound_port());
  if (is_kept) {
    client.send(post);
    CHECK(client.receive().body == "POST /1#aa");
  }
  client.send(first + second + second);
  CHECK(client.receive().body == (first == get ? "GET /1" : "POST /1#aa"));
  CHECK(client.at_end());
  // The server lives on.
  RawClient other(running.server->bound_port());
  other.send_request("GET", "/x");
  CHECK(other.receive().status == 200);
}

TEST_CASE("a request that comes while another waits for its answer harms nobody",
          "[gateway][server]") {
  RunningServer running;
  RawClient client(running.server->bound_port());
  const std::string method = GENERATE("GET", "POST");
  client.send_request("GET", "/1");
  const auto first = running.handler.next();
  client.send_request(method, "/2", {}, method == "POST" ? "body" : "");
  running.server->respond(first.id, text_response("one"));
  CHECK(client.receive().body == "one");
  RawClient other(running.server->bound_port());
  other.send_request("GET", "/3");
  for (;;) {
    // The early one is answered or asked again, as the bytes came.
    const auto event = running.handler.next();
    running.server->respond(event.id, text_response("more"));
    if (event.request.path == "/3") break;
    CHECK(event.request.path == "/2");
  }
  CHECK(other.receive().body == "more");
}

TEST_CASE("a connection that waits for nothing is closed in its time", "[gateway][server]") {
  GatewayOptions options;
  options.limits.idle_within = std::chrono::seconds{1};
  RunningServer running(options);
  echo(running);
  RawClient client(running.server->bound_port());
  client.send_request("GET", "/x");
  CHECK(client.receive().status == 200);
  CHECK(client.at_end());
}

TEST_CASE("where connections become few none waits for another request", "[gateway][server]") {
  GatewayOptions options;
  options.limits.connections = 6;
  RunningServer running(options);
  echo(running);
  RawClient first(running.server->bound_port());
  first.send_request("GET", "/x");
  CHECK(first.receive().headers.at("connection") == "keep-alive");
  RawClient second(running.server->bound_port());
  second.send_request("GET", "/x");
  CHECK(second.receive().headers.at("connection") == "keep-alive");
  RawClient third(running.server->bound_port());
  third.send_request("GET", "/x");
  CHECK(third.receive().headers.at("connection") == "close");
}

TEST_CASE("large answers follow one another whole", "[gateway][server]") {
  RunningServer running;
  const std::string large(3'000'000, 'x');
  running.handler.answer = [&](HttpRequest request) {
    running.server->respond(request.id, text_response(request.path + large));
  };
  RawClient client(running.server->bound_port(), 4096);
  for (const std::string path : {"/1", "/2"}) {
    client.send_request("GET", path);
    CHECK((client.receive().body == path + large));
  }
}

}  // namespace aerie::testing
