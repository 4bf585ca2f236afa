#include "runtime/gateway/pages.hpp"

#include <array>
#include <sodium.h>
#include <zlib.h>

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

/// As `Content-Encoding: gzip`; empty where zlib has no memory. Pages are compressed once, when the
/// server starts.
std::string gzipped(std::string_view bytes) {
  constexpr int gzip_window = 15 + 16;  // zlib's largest, and its flag for this format
  constexpr int memory_level = 9;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_window, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  std::string result(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // only read
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  const bool is_whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  result.resize(is_whole ? stream.total_out : 0);
  deflateEnd(&stream);
  return result;
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
  for (const auto& page : pages)
    tags += tag_of({page.begin, page.end});
  versioned_ = "/v/" + tag_of(tags).substr(1, 16);
  for (const auto& page : pages) {
    std::string bytes(page.begin, page.end);
    if (page.type.starts_with("text/html")) bytes = with_version(bytes, versioned_);
    auto packed = gzipped(bytes);
    if (packed.size() >= bytes.size()) packed.clear();
    Form plain{std::move(bytes), {}};
    Form gzip{std::move(packed), {}};
    for (auto* form : {&plain, &gzip})
      form->tag = tag_of(form->bytes);
    pages_.emplace(page.path, Page{page.type, std::move(plain), std::move(gzip)});
  }
}

std::optional<HttpResponse> Pages::find(std::string_view method, std::string_view path,
                                        const PageConditions& conditions) const {
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
  const bool is_packed = !page.gzip.bytes.empty() && has_token(conditions.accept_encoding, "gzip");
  const auto& form = is_packed ? page.gzip : page.plain;
  response.headers = {
      {"ETag", form.tag},
      {"Cache-Control", is_versioned ? "public, max-age=31536000, immutable" : "no-cache"}};
  const auto& known = conditions.if_none_match;
  if (has_token(known, form.tag) || known == "*") {
    response.status = 304;
    response.content_type.clear();
    return response;
  }
  if (is_packed) response.headers.emplace_back("Content-Encoding", "gzip");
  response.content_type = page.type;
  response.body = form.bytes;
  return response;
}

}  // namespace aerie
