#include "runtime/drivers/firecracker/http_answers.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace aerie::firecracker {

namespace http = boost::beast::http;

struct HttpAnswers::Parser {
  Parser() {
    parser.eager(true);
    parser.header_limit(max_answer_head);
    parser.body_limit(max_answer_body);
  }
  http::response_parser<http::string_body> parser;
};

HttpAnswers::HttpAnswers() : parser_(std::make_unique<Parser>()) {}
HttpAnswers::~HttpAnswers() = default;

Result<std::vector<HttpAnswer>> HttpAnswers::feed(std::string_view bytes) {
  std::vector<HttpAnswer> answers;
  const auto broken = [&](const std::string& why) {
    is_broken_ = true;
    buffer_.clear();
    return tl::unexpected(Cause{CauseKind::vmm_failed,
                                "Firecracker's API socket speaks no HTTP: " + why + ".",
                                "Look whether Firecracker is what listens there.",
                                {}});
  };
  if (is_broken_) return broken("it was broken before");
  buffer_ += bytes;
  while (!buffer_.empty()) {
    auto& parser = parser_->parser;
    boost::system::error_code error;
    const auto used = parser.put(boost::asio::buffer(buffer_), error);
    buffer_.erase(0, used);
    if (error == http::error::need_more) break;
    if (error) return broken(error.message());
    if (!parser.is_done() && used == 0) break;
    if (!parser.is_done()) continue;
    auto message = parser.release();
    answers.push_back({static_cast<int>(message.result_int()), std::move(message.body())});
    parser_ = std::make_unique<Parser>();
  }
  return answers;
}

}  // namespace aerie::firecracker
