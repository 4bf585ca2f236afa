#include "tests/support/site.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace aerie::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

/// A request that a change of the host's addresses has ended is made again.
constexpr const char* say =
    "let last = Promise.resolve();"
    "const post = (body) => fetch('/said', {method: 'POST', body}).catch(() => post(body));"
    "const say = (body) => { last = last.then(() => post(body)); };"
    "new PerformanceObserver((list) => { if (list.getEntriesByName('first-contentful-paint')"
    ".length > 0) say('loaded'); }).observe({type: 'paint', buffered: true});";

/// Bodies of posts on their way from the site's thread to the test's.
class Posts {
 public:
  void push(std::string body) {
    {
      const std::lock_guard lock(mutex_);
      bodies_.push_back(std::move(body));
    }
    arrived_.notify_one();
  }

  bool pop(std::string& body, std::chrono::milliseconds within) {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, within, [this] { return !bodies_.empty(); })) return false;
    body = std::move(bodies_.front());
    bodies_.pop_front();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::string> bodies_;
};

/// One browser's connection: keeps itself alive through its handlers.
class Visit : public std::enable_shared_from_this<Visit> {
 public:
  Visit(tcp::socket socket, const std::string& html, Posts& posts)
      : stream_(std::move(socket)), html_(html), posts_(posts) {}

  void read() {
    request_ = {};
    http::async_read(stream_, buffer_, request_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       if (!error) self->answer();
                     });
  }

 private:
  void answer() {
    response_ = {http::status::ok, request_.version()};
    const bool is_script = request_.target() == "/say.js";
    if (request_.method() == http::verb::post)
      posts_.push(request_.body());
    else
      response_.body() = is_script ? say : html_;
    response_.set(http::field::content_type,
                  is_script ? "text/javascript" : "text/html; charset=utf-8");
    response_.keep_alive(request_.keep_alive());
    response_.prepare_payload();
    http::async_write(stream_, response_,
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                        if (!error && self->response_.keep_alive()) self->read();
                      });
  }

  beast::tcp_stream stream_;
  const std::string& html_;
  Posts& posts_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

}  // namespace

class Site::Impl {
 public:
  explicit Impl(std::string html)
      : html_(std::move(html)),
        acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ~Impl() {
    context_.stop();
    thread_.join();
  }

  [[nodiscard]] unsigned short port() const { return acceptor_.local_endpoint().port(); }
  Posts& posts() { return posts_; }

 private:
  void accept() {
    acceptor_.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (error) return;
      std::make_shared<Visit>(std::move(socket), html_, posts_)->read();
      accept();
    });
  }

  std::string html_;
  Posts posts_;
  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

Site::Site(std::string html) : impl_(std::make_unique<Impl>(std::move(html))) {}

Site::~Site() = default;

std::string Site::url() const {
  return "http://127.0.0.1:" + std::to_string(impl_->port()) + "/";
}

std::string Site::next_post(std::chrono::milliseconds within) {
  std::string body;
  if (!impl_->posts().pop(body, within))
    throw std::runtime_error("the page posted nothing in time");
  return body;
}

std::string Site::repeat_until_post(const std::string& prefix, const std::function<void()>& act) {
  constexpr int most = 4;
  for (int times = 0; times < most; ++times) {
    act();
    const Deadline deadline(patience / most);
    std::string body;
    while (impl_->posts().pop(body, deadline.left()))
      if (body.starts_with(prefix)) return body;
  }
  throw std::runtime_error("the page did not post '" + prefix + "', whatever was done");
}

void Site::wait_for_post(const std::string& expected, std::chrono::milliseconds within) {
  const Deadline deadline(within);
  std::string body;
  std::string last = "nothing";
  while (impl_->posts().pop(body, deadline.left())) {
    if (body == expected) return;
    last = body;
  }
  throw std::runtime_error("the page did not post '" + expected + "' but at last '" + last + "'");
}

}  // namespace aerie::test
