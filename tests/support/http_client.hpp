#pragma once

#include <map>
#include <string>

#include "messages/cause.hpp"

namespace aerie::test {

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< lower-case names
  std::string body;

  /// The body as JSON; null where it is none.
  [[nodiscard]] Json json() const { return Json::parse(body, nullptr, false); }
};

/// Speaks HTTP/1.1 with a server at `HOST:PORT`, one connection a request, from one thread.
/// Whatever fails below HTTP throws `std::runtime_error` that names the request.
class HttpClient {
 public:
  /// `token` goes with every request as a bearer's; none if empty.
  explicit HttpClient(std::string address, std::string token = {});

  using Headers = std::map<std::string, std::string>;

  HttpAnswer get(const std::string& target);
  HttpAnswer remove(const std::string& target);
  HttpAnswer post(const std::string& target, const Json& body);
  HttpAnswer put(const std::string& target, const Json& body);

  /// Any request; headers given here replace those of the client. An empty body is not sent.
  HttpAnswer request(const std::string& method, const std::string& target, const std::string& body,
                     const Headers& headers = {});

  /// Sends these bytes as they are and returns all that comes until the server closes.
  std::string raw(const std::string& bytes);

 private:
  std::string address_;
  std::string token_;
};

}  // namespace aerie::test
