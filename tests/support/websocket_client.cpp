#include "tests/support/websocket_client.hpp"

#include <boost/beast/websocket.hpp>
#include <utility>

#include "tests/support/socket_wait.hpp"

namespace aerie::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

class WebSocketClient::Impl {
 public:
  Impl(const std::string& address, const Options& options) : socket_(context_) {
    auto& stream = beast::get_lowest_layer(socket_);
    connect(context_, stream, address);
    stream.expires_after(patience);
    socket_.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
      if (!options.subprotocol.empty())
        request.set(http::field::sec_websocket_protocol, options.subprotocol);
      for (const auto& [name, value] : options.headers)
        request.set(name, value);
    }));
    websocket::response_type response;
    const auto error = run_to_end(context_, [&](auto& result) {
      socket_.async_handshake(response, address, options.path, store(result));
    });
    if (error)
      throw std::runtime_error("the upgrade of " + options.path + " was refused: " +
                               error.message() + ", " + std::to_string(response.result_int()));
  }

  void send(const std::string& text) {
    beast::get_lowest_layer(socket_).expires_after(patience);
    socket_.text(true);
    const auto error = run_to_end(
        context_, [&](auto& result) { socket_.async_write(asio::buffer(text), store(result)); });
    if (error) throw std::runtime_error("cannot send: " + error.message());
  }

  beast::error_code read(std::string& text, const Deadline& deadline) {
    beast::get_lowest_layer(socket_).expires_after(deadline.left());
    auto buffer = asio::dynamic_buffer(text);
    const auto error =
        run_to_end(context_, [&](auto& result) { socket_.async_read(buffer, store(result)); });
    // A server that said why it closes need not wait for our answer before it hangs up.
    const bool was_told = socket_.reason().code != websocket::close_code::none;
    return error && was_told ? beast::error_code(websocket::error::closed) : error;
  }

  [[nodiscard]] std::uint16_t reason() const { return socket_.reason().code; }

  void close() {
    beast::get_lowest_layer(socket_).expires_after(patience);
    run_to_end(context_, [&](auto& result) {
      socket_.async_close(websocket::close_code::normal, store(result));
    });
  }

 private:
  asio::io_context context_;
  websocket::stream<beast::tcp_stream> socket_;
};

WebSocketClient::WebSocketClient(const std::string& address, const Options& options)
    : impl_(std::make_unique<Impl>(address, options)) {}

WebSocketClient::WebSocketClient(const std::string& address)
    : WebSocketClient(address, Options{}) {}

WebSocketClient::WebSocketClient(WebSocketClient&&) noexcept = default;

WebSocketClient::~WebSocketClient() = default;

void WebSocketClient::send(const Json& message) {
  impl_->send(message.dump());
}

void WebSocketClient::send_text(const std::string& text) {
  impl_->send(text);
}

Json WebSocketClient::next(std::chrono::milliseconds within) {
  std::string text;
  const auto error = impl_->read(text, Deadline(within));
  if (error == websocket::error::closed)
    throw std::runtime_error("the server closed with " + std::to_string(impl_->reason()));
  if (error) throw std::runtime_error("no message: " + error.message());
  return Json::parse(text);
}

Json WebSocketClient::next_of(const std::string& type, std::chrono::milliseconds within) {
  const Deadline deadline(within);
  try {
    for (;;)
      if (auto message = next(deadline.left()); message.value("type", "") == type) return message;
  } catch (const std::runtime_error& error) {
    throw std::runtime_error("waited in vain for " + type + ": " + error.what());
  }
}

std::uint16_t WebSocketClient::close_code(std::chrono::milliseconds within) {
  const Deadline deadline(within);
  for (;;) {
    std::string passed_over;
    const auto error = impl_->read(passed_over, deadline);
    if (error == websocket::error::closed) return impl_->reason();
    if (error) throw std::runtime_error("the socket was not closed: " + error.message());
  }
}

void WebSocketClient::close() {
  impl_->close();
}

}  // namespace aerie::test
