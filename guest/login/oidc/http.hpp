#pragma once

#include <map>
#include <string>

#include "messages/cause.hpp"

namespace aerie::oidc {

using Form = std::map<std::string, std::string>;

struct Answer {
  long status = 0;
  Json body;  ///< null where it was no JSON object
};

/// Asks an HTTP server for JSON, without redirects; one with a form is a POST. Waits at most half
/// a minute. Errors: `network-failed` naming the address and why.
[[nodiscard]] Result<Answer> ask(const std::string& url, const Form& form = {});

/// `application/x-www-form-urlencoded`, names in their order.
[[nodiscard]] std::string encode_form(const Form& form);

/// The values of a query, percent-decoded.
[[nodiscard]] Form decode_query(const std::string& query);

}  // namespace aerie::oidc
