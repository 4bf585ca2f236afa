#include "runtime/gateway/pages.hpp"

#include <array>
#include <sodium.h>

namespace aerie {

namespace {

std::string tag_of(std::string_view bytes) {
  std::array<unsigned char, 16> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size(), nullptr, 0);
  std::array<char, 2 * hash.size() + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  return "\"" + std::string(hex.data()) + "\"";
}

/// The page behind a path that is not its own name.
std::string_view resolved(std::string_view path) {
  static constexpr std::string_view view = "/view/";
  if (path == "/") return "/web/index.html";
  if (path.starts_with(view) && is_uuid(path.substr(view.size()))) return "/web/viewer.html";
  return path;
}

}  // namespace

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

Pages::Pages(const std::vector<EmbeddedPage>& pages) {
  for (const auto& page : pages) {
    const std::string_view bytes(page.begin, static_cast<std::size_t>(page.end - page.begin));
    pages_.emplace(page.path, Page{page.type, bytes, tag_of(bytes)});
  }
}

std::optional<HttpResponse> Pages::find(std::string_view method, std::string_view path,
                                        std::optional<std::string_view> if_none_match) const {
  const auto found = pages_.find(resolved(path));
  if (found == pages_.end()) return std::nullopt;
  const auto& page = found->second;
  HttpResponse response;
  if (method != "GET" && method != "HEAD") {
    response = error_response(405, "method-not-allowed", "A page can only be read.");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  response.headers = {{"ETag", page.tag}, {"Cache-Control", "no-cache"}};
  if (if_none_match && (has_token(*if_none_match, page.tag) || *if_none_match == "*")) {
    response.status = 304;
    response.content_type.clear();
    return response;
  }
  response.content_type = page.type;
  response.body = page.bytes;
  return response;
}

}  // namespace aerie
