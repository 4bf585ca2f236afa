#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <stdexcept>
#include <string>

#include "tests/support/deadline.hpp"

namespace aerie::test {

/// Beast's deadlines exist for asynchronous operations only: starts one, runs it to its end and
/// returns its error. `start` is given the place where its handler puts the error code.
template <class Start>
boost::beast::error_code run_to_end(boost::asio::io_context& context, Start&& start) {
  boost::beast::error_code result = boost::asio::error::would_block;
  start(result);
  context.restart();
  context.run();
  return result;
}

/// The same, for operations that must succeed: throws `std::runtime_error` that names `what`.
template <class Start>
void complete(boost::asio::io_context& context, const std::string& what, Start&& start) {
  if (const auto error = run_to_end(context, start))
    throw std::runtime_error(what + ": " + error.message());
}

/// Stores the error with which an operation ended, whatever else it tells.
inline auto store(boost::beast::error_code& result) {
  return [&result](boost::beast::error_code code, auto&&...) { result = code; };
}

/// Connects to `HOST:PORT`, where the host is an IPv4 address or `[IPv6]`. Throws
/// `std::runtime_error` naming the address.
inline void connect(boost::asio::io_context& context, boost::beast::tcp_stream& stream,
                    const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) throw std::runtime_error("no port in the address " + address);
  auto host = address.substr(0, colon);
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  const auto port = static_cast<unsigned short>(std::stoi(address.substr(colon + 1)));
  const boost::asio::ip::tcp::endpoint endpoint(boost::asio::ip::make_address(host), port);
  stream.expires_after(patience);
  complete(context, "cannot connect to " + address,
           [&](auto& result) { stream.async_connect(endpoint, store(result)); });
  boost::beast::error_code ignored;
  stream.socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
}

}  // namespace aerie::test
