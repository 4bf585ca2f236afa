#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <catch2/catch.hpp>

#include "runtime/gateway/server_fixture.test.hpp"

namespace aerie::testing {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

/// A blocking WebSocket client; every failure is an error code.
class SocketClient {
 public:
  explicit SocketClient(std::uint16_t port) : stream_(context_) {
    stream_.next_layer().connect({asio::ip::address_v4::loopback(), port});
    stream_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
      request.set(beast::http::field::sec_websocket_protocol, "aerie.signal.v1");
    }));
    websocket::response_type response;
    stream_.handshake(response, "localhost", "/ws/signal", error_);
    protocol_ = std::string(response[beast::http::field::sec_websocket_protocol]);
  }

  [[nodiscard]] bool is_open() const { return !error_; }
  [[nodiscard]] const std::string& protocol() const { return protocol_; }

  void send(const std::string& text) { stream_.write(asio::buffer(text), error_); }

  void send_fragment(const std::string& text, bool is_last) {
    stream_.write_some(is_last, asio::buffer(text), error_);
  }

  /// The next message; empty at the end, and `close_code` tells why.
  std::string receive() {
    beast::flat_buffer buffer;
    stream_.read(buffer, error_);
    if (error_) return {};
    return beast::buffers_to_string(buffer.data());
  }

  [[nodiscard]] unsigned close_code() const { return stream_.reason().code; }
  [[nodiscard]] std::string close_reason() const { return stream_.reason().reason.c_str(); }

  void close(std::uint16_t code) { stream_.close(websocket::close_reason(code), error_); }

  /// Ends the connection without a word.
  void abort() { stream_.next_layer().close(); }

  /// Calls `on_ping` for each that comes while the client reads.
  template <class OnPing>
  void watch_pings(OnPing on_ping) {
    stream_.control_callback([on_ping](websocket::frame_type kind, beast::string_view) {
      if (kind == websocket::frame_type::ping) on_ping();
    });
  }

 private:
  asio::io_context context_;
  websocket::stream<asio::ip::tcp::socket> stream_;
  beast::error_code error_;
  std::string protocol_;
};

/// A handshake as it should be, but for what is changed.
struct Handshake {
  std::string method = "GET";
  std::string path = "/ws/signal";
  std::string protocol = "aerie.signal.v1";
  std::string origin = {};
  std::string host = "localhost";
  std::string version = "13";
  std::string key = "AAAAAAAAAAAAAAAAAAAAAA==";
};

int upgrade_status(const RunningServer& running, const Handshake& handshake) {
  RawClient client(running.server->bound_port());
  std::string text = handshake.method + " " + handshake.path +
                     " HTTP/1.1\r\nHost: " + handshake.host +
                     "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  const auto add = [&text](const std::string& name, const std::string& value) {
    if (!value.empty()) text += name + ": " + value + "\r\n";
  };
  add("Sec-WebSocket-Protocol", handshake.protocol);
  add("Sec-WebSocket-Version", handshake.version);
  add("Sec-WebSocket-Key", handshake.key);
  add("Origin", handshake.origin);
  client.send(text + "\r\n");
  return client.receive(true).status;
}

}  // namespace

TEST_CASE("messages go both ways over a socket", "[gateway][socket]") {
  RunningServer running;
  SocketClient client(running.server->bound_port());
  REQUIRE(client.is_open());
  CHECK(client.protocol() == "aerie.signal.v1");
  const auto opened = running.handler.next();
  REQUIRE(opened.what == "open");

  client.send("hello");
  CHECK(running.handler.next().what == "text hello");
  running.server->send(opened.id, "welcome");
  running.server->send(opened.id, "state");
  CHECK(client.receive() == "welcome");
  CHECK(client.receive() == "state");
  client.close(1000);
  CHECK(running.handler.next().what == "closed 1000");
}

TEST_CASE("a fragmented message is put together", "[gateway][socket]") {
  RunningServer running;
  SocketClient client(running.server->bound_port());
  REQUIRE(running.handler.next().what == "open");
  client.send_fragment("one ", false);
  client.send_fragment("", false);
  client.send_fragment("two ", false);
  client.send_fragment("three", true);
  client.send("four");
  CHECK(running.handler.next().what == "text one two three");
  CHECK(running.handler.next().what == "text four");
}

TEST_CASE("the largest message arrives, one larger is reported, the next is read",
          "[gateway][socket]") {
  RunningServer running;
  SocketClient client(running.server->bound_port());
  REQUIRE(running.handler.next().what == "open");
  client.send(std::string(64 * 1024, 'm'));
  CHECK(running.handler.next().what.size() == 5 + 64 * 1024);
  client.send(std::string(64 * 1024 + 1, 'm'));
  CHECK(running.handler.next().what == "too-large 65537");
  client.send("next");
  CHECK(running.handler.next().what == "text next");
}

TEST_CASE("a message beyond all measure closes the socket", "[gateway][socket]") {
  RunningServer running;
  SocketClient client(running.server->bound_port());
  REQUIRE(running.handler.next().what == "open");
  client.send(std::string(2 * 1024 * 1024, 'm'));
  CHECK(running.handler.next().what == "closed 1009");
}

TEST_CASE("text that is no UTF-8 closes the socket", "[gateway][socket]") {
  RunningServer running;
  SocketClient client(running.server->bound_port());
  REQUIRE(running.handler.next().what == "open");
  client.send("\xff\xfe");
  CHECK(client.receive().empty());
  CHECK(client.close_code() == 1007);
}

TEST_CASE("a socket is closed after what was sent before", "[gateway][socket]") {
  RunningServer running;
  SocketClient client(running.server->bound_port());
  const auto id = running.handler.next().id;
  running.server->send(id, "ended");
  running.server->close(id, 4001, "another socket took over");
  running.server->send(id, "never");
  CHECK(client.receive() == "ended");
  CHECK(client.receive().empty());
  CHECK(client.close_code() == 4001);
  CHECK(client.close_reason() == "another socket took over");
  CHECK(running.handler.next().what == "closed 4001");
}

TEST_CASE("the end of a connection without a close is told", "[gateway][socket]") {
  RunningServer running;
  SocketClient client(running.server->bound_port());
  REQUIRE(running.handler.next().what == "open");
  client.abort();
  CHECK(running.handler.next().what == "closed 1006");
}

TEST_CASE("a reader too slow for its queue is closed with 1013", "[gateway][socket]") {
  RunningServer running;
  SocketClient client(running.server->bound_port());
  const auto id = running.handler.next().id;
  // More than the kernel and the queue hold together; nobody reads.
  const std::string message(32 * 1024, 's');
  for (int i = 0; i < 1000; ++i)
    running.server->send(id, message);
  std::string last;
  for (auto text = client.receive(); !text.empty(); text = client.receive())
    last = text;
  CHECK(client.close_code() == 1013);
  CHECK(running.handler.next().what == "closed 1013");
}

TEST_CASE("an upgrade is refused for path, protocol, Origin and Host", "[gateway][socket]") {
  RunningServer running;
  const auto status = [&](const Handshake& handshake) {
    return upgrade_status(running, handshake);
  };
  CHECK(status({}) == 101);
  CHECK(running.handler.next().what == "open");
  CHECK(status({.path = "/"}) == 404);
  CHECK(status({.path = "/ws/signal/"}) == 404);
  CHECK(status({.protocol = ""}) == 400);
  CHECK(status({.protocol = "aerie.signal.v2"}) == 400);
  CHECK(status({.protocol = "aerie http"}) == 400);
  CHECK(status({.origin = "null"}) == 403);
  CHECK(status({.origin = "https://evil.example"}) == 403);
  CHECK(status({.host = "evil.example"}) == 403);
  CHECK(status({.method = "POST"}) == 405);
  CHECK(status({.version = "8"}) == 426);
  CHECK(status({.version = ""}) == 426);
  CHECK(status({.key = ""}) == 400);
  CHECK(status({.key = "short"}) == 400);
  CHECK(status({.protocol = "x, aerie.signal.v1"}) == 101);
}

TEST_CASE("sockets that say no hello are bounded and closed", "[gateway][socket]") {
  GatewayOptions options;
  options.limits.unauthenticated = 2;
  options.limits.hello_within = std::chrono::seconds{1};
  RunningServer running(options);
  SocketClient admitted(running.server->bound_port());
  running.server->authenticated(running.handler.next().id);
  SocketClient first(running.server->bound_port());
  REQUIRE(running.handler.next().what == "open");
  SocketClient second(running.server->bound_port());
  REQUIRE(running.handler.next().what == "open");
  CHECK(upgrade_status(running, {}) == 503);
  CHECK(first.receive().empty());
  CHECK(first.close_code() == 1008);
  CHECK(second.receive().empty());
  admitted.send("still here");
  std::string what;
  while (what != "text still here" && what != "timeout")
    what = running.handler.next().what;
  CHECK(what == "text still here");
}

TEST_CASE("a silent socket is pinged, then dropped", "[gateway][socket]") {
  GatewayOptions options;
  options.limits.ping_every = std::chrono::seconds{1};
  options.limits.silent_after = std::chrono::seconds{2};
  RunningServer running(options);
  SocketClient silent(running.server->bound_port());
  const auto silent_id = running.handler.next().id;
  running.server->authenticated(silent_id);
  // This one does not read, so it answers no ping.
  const auto closed = running.handler.next();
  CHECK(closed.what == "closed 1006");
  CHECK(closed.id == silent_id);
  int pings = 0;
  silent.watch_pings([&pings] { ++pings; });
  CHECK(silent.receive().empty());
  CHECK(pings >= 1);
}

TEST_CASE("a socket that only answers pings stays", "[gateway][socket]") {
  GatewayOptions options;
  options.limits.ping_every = std::chrono::seconds{1};
  options.limits.silent_after = std::chrono::seconds{2};
  RunningServer running(options);
  SocketClient listener(running.server->bound_port());
  const auto id = running.handler.next().id;
  running.server->authenticated(id);
  int pings = 0;
  // The fourth comes a second after one that answered none would have been dropped.
  listener.watch_pings([&] {
    if (++pings == 4) running.server->send(id, "still here");
  });
  CHECK(listener.receive() == "still here");
}

TEST_CASE("a client that floods is slowed down and loses nothing", "[gateway][socket]") {
  RunningServer running;
  SocketClient client(running.server->bound_port());
  REQUIRE(running.handler.next().what == "open");
  constexpr int count = 1000;
  for (int i = 0; i < count; ++i)
    client.send(std::to_string(i));
  for (int i = 0; i < count; ++i) {
    REQUIRE(running.handler.next().what == "text " + std::to_string(i));
  }
}

TEST_CASE("a server that stops says so to its sockets", "[gateway][socket]") {
  RunningServer running;
  SocketClient first(running.server->bound_port());
  SocketClient second(running.server->bound_port());
  REQUIRE(running.handler.next().what == "open");
  REQUIRE(running.handler.next().what == "open");
  running.server->drain(1012, "restarting");
  running.server->stop();
  CHECK(first.receive().empty());
  CHECK(first.close_code() == 1012);
  CHECK(second.receive().empty());
  CHECK(second.close_code() == 1012);
}

TEST_CASE("draining closes sockets with 1012 and takes no new ones", "[gateway][socket]") {
  RunningServer running;
  SocketClient client(running.server->bound_port());
  REQUIRE(running.handler.next().what == "open");
  running.server->drain(1012, "restarting");
  CHECK(client.receive().empty());
  CHECK(client.close_code() == 1012);
  CHECK(upgrade_status(running, {}) == 503);
}

TEST_CASE("a hundred sockets at once", "[gateway][socket]") {
  GatewayOptions options;
  options.limits.unauthenticated = 200;
  RunningServer running(options);
  std::vector<std::unique_ptr<SocketClient>> clients;
  std::map<std::string, std::uint64_t> ids;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<SocketClient>(running.server->bound_port()));
    clients.back()->send(std::to_string(i));
    REQUIRE(running.handler.next().what == "open");
    const auto event = running.handler.next();
    ids[event.what] = event.id;
  }
  for (const auto& [text, id] : ids)
    running.server->send(id, text);
  for (int i = 0; i < 100; ++i) {
    const auto index = static_cast<std::size_t>(i);
    CHECK(clients[index]->receive() == "text " + std::to_string(i));
  }
}

}  // namespace aerie::testing
