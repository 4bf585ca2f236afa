#include "tests/support/event_stream.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "tests/support/socket_wait.hpp"

namespace aerie::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

class EventStream::Impl {
 public:
  Impl(const std::string& address, const std::string& token, const std::string& target)
      : stream_(context_) {
    connect(context_, stream_, address);
    http::request<http::empty_body> request(http::verb::get, target, 11);
    request.set(http::field::host, address);
    request.set(http::field::accept, "text/event-stream");
    if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
    complete(context_, target,
             [&](auto& result) { http::async_write(stream_, request, store(result)); });
    parser_.body_limit(boost::none);
    complete(context_, target, [&](auto& result) {
      http::async_read_header(stream_, buffer_, parser_, store(result));
    });
    if (parser_.get().result_int() != 200)
      throw std::runtime_error(target + " answered " + std::to_string(parser_.get().result_int()));
  }

  ServerEvent next(const Deadline& deadline) {
    for (;;) {
      if (const auto end = text_.find("\n\n"); end != std::string::npos) {
        const auto block = text_.substr(0, end + 1);
        text_.erase(0, end + 2);
        auto event = parse(block);
        if (!event.data.is_null()) return event;
        continue;
      }
      read_more(deadline);
    }
  }

 private:
  static ServerEvent parse(const std::string& block) {
    ServerEvent event;
    std::string data;
    for (std::size_t begin = 0; begin < block.size();) {
      const auto end = block.find('\n', begin);
      const auto line = block.substr(begin, end - begin);
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("event: ")) event.kind = line.substr(7);
      if (line.starts_with("data: ")) data += line.substr(6);
      begin = end + 1;
    }
    event.data = data.empty() ? Json() : Json::parse(data);
    return event;
  }

  void read_more(const Deadline& deadline) {
    stream_.expires_after(deadline.left());
    char chunk[16384];
    parser_.get().body().data = chunk;
    parser_.get().body().size = sizeof chunk;
    const auto error = run_to_end(context_, [&](auto& result) {
      http::async_read_some(stream_, buffer_, parser_, store(result));
    });
    if (error && error != http::error::need_buffer)
      throw std::runtime_error("the stream of events: " + error.message());
    text_.append(chunk, sizeof chunk - parser_.get().body().size);
    if (parser_.is_done() && text_.find("\n\n") == std::string::npos)
      throw std::runtime_error("the stream of events ended");
  }

  asio::io_context context_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::response_parser<http::buffer_body> parser_;
  std::string text_;
};

EventStream::EventStream(const std::string& address, const std::string& token,
                         const std::string& target)
    : impl_(std::make_unique<Impl>(address, token, target)) {}

EventStream::~EventStream() = default;

ServerEvent EventStream::next(std::chrono::milliseconds within) {
  return impl_->next(Deadline(within));
}

ServerEvent EventStream::next_of(const std::string& kind, std::chrono::milliseconds within) {
  const Deadline deadline(within);
  for (;;)
    if (auto event = impl_->next(deadline); event.kind == kind) return event;
}

}  // namespace aerie::test
