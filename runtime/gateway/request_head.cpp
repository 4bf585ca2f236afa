#include "runtime/gateway/request_head.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace aerie {

namespace {

struct Method {
  lws_token_indexes token;
  const char* name;
};

constexpr std::array methods{
    Method{WSI_TOKEN_GET_URI, "GET"},         Method{WSI_TOKEN_HEAD_URI, "HEAD"},
    Method{WSI_TOKEN_POST_URI, "POST"},       Method{WSI_TOKEN_PUT_URI, "PUT"},
    Method{WSI_TOKEN_DELETE_URI, "DELETE"},   Method{WSI_TOKEN_PATCH_URI, "PATCH"},
    Method{WSI_TOKEN_OPTIONS_URI, "OPTIONS"},
};

struct KnownHeader {
  lws_token_indexes token;
  const char* name;
};

constexpr std::array known_headers{
    KnownHeader{WSI_TOKEN_HOST, "host"},
    KnownHeader{WSI_TOKEN_ORIGIN, "origin"},
    KnownHeader{WSI_TOKEN_HTTP_AUTHORIZATION, "authorization"},
    KnownHeader{WSI_TOKEN_HTTP_CONTENT_TYPE, "content-type"},
    KnownHeader{WSI_TOKEN_HTTP_ACCEPT, "accept"},
    KnownHeader{WSI_TOKEN_HTTP_ACCEPT_ENCODING, "accept-encoding"},
    KnownHeader{WSI_TOKEN_HTTP_IF_MATCH, "if-match"},
    KnownHeader{WSI_TOKEN_HTTP_IF_NONE_MATCH, "if-none-match"},
    KnownHeader{WSI_TOKEN_HTTP_USER_AGENT, "user-agent"},
};

/// Names that libwebsockets does not know are asked for with their colon.
constexpr std::array custom_headers{"idempotency-key:", "last-event-id:"};

void read_custom_headers(lws* wsi, Pairs& headers) {
  for (const std::string_view name : custom_headers) {
    const int size = static_cast<int>(name.size());
    const int length = lws_hdr_custom_length(wsi, name.data(), size);
    if (length < 0) continue;
    std::string value(static_cast<std::size_t>(length) + 1, '\0');
    if (lws_hdr_custom_copy(wsi, value.data(), length + 1, name.data(), size) < 0) continue;
    value.resize(static_cast<std::size_t>(length));
    headers.emplace_back(name.substr(0, name.size() - 1), std::move(value));
  }
}

void read_query(lws* wsi, Pairs& query) {
  for (int index = 0;; ++index) {
    const int length = lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, index);
    std::string part(static_cast<std::size_t>(std::max(length, 0)) + 1, '\0');
    const int copied = lws_hdr_copy_fragment(wsi, part.data(), static_cast<int>(part.size()),
                                             WSI_TOKEN_HTTP_URI_ARGS, index);
    if (copied < 0) return;
    part.resize(static_cast<std::size_t>(copied));
    if (part.empty()) continue;
    const auto equals = part.find('=');
    query.emplace_back(part.substr(0, equals),
                       equals == std::string::npos ? std::string{} : part.substr(equals + 1));
  }
}

}  // namespace

std::optional<std::string> header_of(lws* wsi, lws_token_indexes token) {
  const int length = lws_hdr_total_length(wsi, token);
  if (length <= 0) return std::nullopt;
  // Fragments are joined by a space each, which the length may not count.
  std::string value(static_cast<std::size_t>(length) + 64, '\0');
  const int copied = lws_hdr_copy(wsi, value.data(), static_cast<int>(value.size()), token);
  if (copied < 0) return std::nullopt;
  value.resize(static_cast<std::size_t>(copied));
  return std::string(trimmed(value));
}

std::optional<HttpRequest> read_head(lws* wsi) {
  for (const auto& method : methods) {
    const int length = lws_hdr_total_length(wsi, method.token);
    if (length <= 0) continue;
    HttpRequest request;
    request.method = method.name;
    request.path.resize(static_cast<std::size_t>(length) + 1);
    if (lws_hdr_copy(wsi, request.path.data(), length + 1, method.token) < 0) return std::nullopt;
    request.path.resize(static_cast<std::size_t>(length));
    read_query(wsi, request.query);
    for (const auto& header : known_headers) {
      if (auto value = header_of(wsi, header.token)) {
        request.headers.emplace_back(header.name, *std::move(value));
      }
    }
    read_custom_headers(wsi, request.headers);
    return request;
  }
  return std::nullopt;
}

BodyFraming read_framing(lws* wsi) {
  BodyFraming framing;
  framing.length = header_of(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
  framing.chunked = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
  framing.http_1_1 = header_of(wsi, WSI_TOKEN_HTTP).value_or("") == "HTTP/1.1";
  framing.closes = has_token(header_of(wsi, WSI_TOKEN_CONNECTION).value_or(""), "close");
  framing.expects_continue =
      to_lower(header_of(wsi, WSI_TOKEN_HTTP_EXPECT).value_or("")) == "100-continue";
  return framing;
}

}  // namespace aerie
