#include "tests/support/http_client.hpp"

#include <algorithm>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cctype>
#include <utility>

#include "tests/support/socket_wait.hpp"

namespace aerie::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char character) {
    return static_cast<char>(std::tolower(character));
  });
  return text;
}

HttpAnswer answer_of(http::response<http::string_body>&& response) {
  HttpAnswer answer;
  answer.status = static_cast<int>(response.result_int());
  for (const auto& field : response)
    answer.headers[lower(std::string(field.name_string()))] = std::string(field.value());
  answer.body = std::move(response.body());
  return answer;
}

}  // namespace

HttpClient::HttpClient(std::string address, std::string token)
    : address_(std::move(address)), token_(std::move(token)) {}

HttpAnswer HttpClient::get(const std::string& target) {
  return request("GET", target, {});
}

HttpAnswer HttpClient::remove(const std::string& target) {
  return request("DELETE", target, {});
}

HttpAnswer HttpClient::post(const std::string& target, const Json& body) {
  return request("POST", target, body.dump());
}

HttpAnswer HttpClient::put(const std::string& target, const Json& body) {
  return request("PUT", target, body.dump());
}

HttpAnswer HttpClient::request(const std::string& method, const std::string& target,
                               const std::string& body, const Headers& headers) {
  http::request<http::string_body> request;
  request.method_string(method);
  request.target(target);
  request.version(11);
  request.set(http::field::host, address_);
  request.set(http::field::connection, "close");
  if (!token_.empty()) request.set(http::field::authorization, "Bearer " + token_);
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  for (const auto& [name, value] : headers)
    request.set(name, value);
  request.body() = body;
  request.prepare_payload();

  asio::io_context context;
  beast::tcp_stream stream(context);
  connect(context, stream, address_);
  const auto what = method + " " + target;
  complete(context, what, [&](auto& result) { http::async_write(stream, request, store(result)); });
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(64 * 1024 * 1024);
  if (method == "HEAD") parser.skip(true);
  complete(context, what,
           [&](auto& result) { http::async_read(stream, buffer, parser, store(result)); });
  return answer_of(parser.release());
}

std::string HttpClient::raw(const std::string& bytes) {
  asio::io_context context;
  beast::tcp_stream stream(context);
  connect(context, stream, address_);
  complete(context, "raw request",
           [&](auto& result) { asio::async_write(stream, asio::buffer(bytes), store(result)); });
  std::string answer;
  const auto error = run_to_end(context, [&](auto& result) {
    asio::async_read(stream, asio::dynamic_buffer(answer), store(result));
  });
  if (error == beast::error::timeout) throw std::runtime_error("the server did not close");
  return answer;
}

}  // namespace aerie::test
