#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/gateway/http_message.hpp"

namespace aerie {

/// A host as it stands in a Host header or an origin.
struct Authority {
  std::string host;                   ///< lower case; an IPv6 address without brackets
  std::optional<std::uint16_t> port;  ///< empty where none was written

  friend bool operator==(const Authority&, const Authority&) = default;
};

/// Reads `host`, `host:port`, `[v6]` and `[v6]:port`; empty for anything else.
[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text);

/// Scheme and authority of an http or https address; whatever follows the authority is left out.
struct Origin {
  std::string scheme;
  Authority authority;

  [[nodiscard]] std::uint16_t port() const;
  friend bool operator==(const Origin&, const Origin&) = default;
};

/// Reads `http://host[:port]` and `https://host[:port]`, followed by nothing; empty for anything
/// else, `null` included.
[[nodiscard]] std::optional<Origin> parse_origin(std::string_view text);

/// What the two headers were judged to be.
enum class OriginVerdict {
  none,     ///< no Origin: not a browser's cross-site request
  own,      ///< a page of ours
  foreign,  ///< one of `http.origins`: it may call, and gets CORS headers
  refused_host,
  refused_origin,
};

[[nodiscard]] constexpr bool is_refused(OriginVerdict verdict) {
  return verdict == OriginVerdict::refused_host || verdict == OriginVerdict::refused_origin;
}

/// Who may talk to the server, judged by the Host and Origin headers (contract, section 2): what
/// stands between a page of another site, or a rebound DNS name, and the socket on loopback.
class OriginCheck {
 public:
  /// `hosts` are names without a port; what can't be read in `origins` or `public_url` is left out
  /// (the configuration refuses it earlier).
  OriginCheck(std::string_view listen_host, const std::vector<std::string>& hosts,
              const std::vector<std::string>& origins, std::string_view public_url);

  /// The port that was bound, once it is known.
  void set_port(std::uint16_t port) { port_ = port; }

  [[nodiscard]] OriginVerdict judge(std::optional<std::string_view> host,
                                    std::optional<std::string_view> origin) const;

  /// The value of `frame-ancestors`: the foreign origins, or `'none'`.
  [[nodiscard]] std::string frame_ancestors() const;

 private:
  [[nodiscard]] bool is_own_host(std::string_view host) const;

  std::vector<std::string> hosts_;
  std::vector<Origin> origins_;
  std::optional<Origin> public_;
  std::uint16_t port_ = 0;
};

}  // namespace aerie
