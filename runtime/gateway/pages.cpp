#include "runtime/gateway/pages.hpp"

#include <array>
#include <sodium.h>

#include "runtime/secrets/identity.hpp"

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
  if (path == "/console") return "/web/console.html";
  if (path == "/doctor") return "/web/doctor.html";
  if (path.starts_with(view) && is_uuid(path.substr(view.size()))) return "/web/viewer.html";
  return path;
}

/// Puts the version in front of what a document's attributes refer to.
std::string with_version(std::string_view document, const std::string& version) {
  std::string result;
  for (std::size_t at = 0; at < document.size(); ++at) {
    const auto rest = document.substr(at);
    result += document[at];
    if (rest.starts_with("\"/web/") || rest.starts_with("\"/vendor/")) result += version;
  }
  return result;
}

}  // namespace

Pages::Pages(const std::vector<EmbeddedPage>& pages) {
  std::string tags;
  for (const auto& page : pages) {
    std::string bytes(page.begin, page.end);
    auto tag = tag_of(bytes);
    tags += tag;
    pages_.emplace(page.path, Page{page.type, std::move(bytes), std::move(tag)});
  }
  versioned_ = "/v/" + tag_of(tags).substr(1, 16);
  for (auto& [path, page] : pages_) {
    if (!page.type.starts_with("text/html")) continue;
    page.bytes = with_version(page.bytes, versioned_);
    page.tag = tag_of(page.bytes);
  }
}

std::optional<HttpResponse> Pages::find(std::string_view method, std::string_view path,
                                        std::optional<std::string_view> if_none_match) const {
  const bool is_versioned = path.starts_with(versioned_ + "/");
  if (is_versioned) path.remove_prefix(versioned_.size());
  const auto found = pages_.find(is_versioned ? path : resolved(path));
  if (found == pages_.end()) return std::nullopt;
  const auto& page = found->second;
  HttpResponse response;
  if (method != "GET" && method != "HEAD") {
    response = error_response(405, "method-not-allowed", "A page can only be read.");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  response.headers = {
      {"ETag", page.tag},
      {"Cache-Control", is_versioned ? "public, max-age=31536000, immutable" : "no-cache"}};
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
