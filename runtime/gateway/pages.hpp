#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/gateway/http_message.hpp"

namespace aerie {

/// A file of `runtime/web/` as cmake/EmbedPages.cmake put it into the program.
struct EmbeddedPage {
  std::string_view path;  ///< as in an address: `/web/viewer.js`
  std::string_view type;
  const char* begin;
  const char* end;
};

[[nodiscard]] const std::vector<EmbeddedPage>& embedded_pages();

/// What a request for a page may say of itself: the values of these headers, empty without them.
struct PageConditions {
  std::string_view if_none_match;
  std::string_view accept_encoding;
};

/// The static pages, served from a fixed table: no path of a request ever names a file.
///
/// The documents name everything else as `/v/VERSION/web/…`, where the version is a hash of all
/// pages: browsers keep that for good, need not ask again, and never mix two versions.
class Pages {
 public:
  explicit Pages(const std::vector<EmbeddedPage>& pages = embedded_pages());

  /// Answers GET and HEAD for `/`, `/console`, `/doctor`, `/view/ID`, `/web/…` and `/vendor/…`, the
  /// latter two also below
  /// `/v/VERSION`; empty if there is no such page, whatever is wrong with the path. Who accepts
  /// gzip is sent that, where it is shorter.
  [[nodiscard]] std::optional<HttpResponse> find(std::string_view method, std::string_view path,
                                                 const PageConditions& conditions) const;

 private:
  struct Form {
    std::string bytes;
    std::string tag;  ///< the ETag, which differs between forms (RFC 9110, 8.8.3.3)
  };
  struct Page {
    std::string_view type;
    Form plain;
    Form gzip;  ///< without bytes where it would not be shorter
  };

  std::string versioned_;  ///< `/v/VERSION`
  std::unordered_map<std::string_view, Page> pages_;
};

}  // namespace aerie
