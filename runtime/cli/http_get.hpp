#pragma once

#include <string>

#include "messages/cause.hpp"

namespace aerie {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

/// One blocking GET over plain HTTP/1.1 to `address` (`host:port`, IPv6 in brackets), ten seconds
/// for each step, at most 16 MiB. `link-lost` when nobody answers there.
[[nodiscard]] Result<HttpAnswer> http_get(const std::string& address, const std::string& path,
                                          const std::string& token);

/// Pure: status and body of a whole response; empty for anything else.
[[nodiscard]] Result<HttpAnswer> parse_answer(const std::string& response);

/// Percent-encodes what is no letter, digit or one of `-._~/`.
[[nodiscard]] std::string encode_path(const std::string& text);

}  // namespace aerie
