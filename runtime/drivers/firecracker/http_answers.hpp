#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"

namespace aerie::firecracker {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

/// The most bytes of head and of body that an answer may have.
inline constexpr std::size_t max_answer_head = 8 * 1024;
inline constexpr std::size_t max_answer_body = 1024 * 1024;

/// Cuts what an HTTP/1.1 server says on one connection into its answers (RFC 9112). Bounded.
class HttpAnswers {
 public:
  HttpAnswers();
  HttpAnswers(const HttpAnswers&) = delete;
  HttpAnswers& operator=(const HttpAnswers&) = delete;
  ~HttpAnswers();

  /// Appends what was read and returns the answers that it completes. `vmm-failed` for what is no
  /// HTTP or too large; nothing is decoded afterwards.
  [[nodiscard]] Result<std::vector<HttpAnswer>> feed(std::string_view bytes);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::string buffer_;
  bool is_broken_ = false;
};

}  // namespace aerie::firecracker
