#include "tests/support/tcp_relay.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <string>
#include <thread>
#include <utility>

namespace aerie::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

/// One direction of the way: what it takes is there later, and in order.
class Line {
 public:
  explicit Line(const TcpRelay::Way& way) : way_(way) {}

  /// When so many bytes that are sent now have come.
  Clock::time_point take(std::size_t bytes) {
    free_ = std::max(free_, Clock::now());
    if (way_.rate > 0)
      free_ += std::chrono::duration_cast<Clock::duration>(
          std::chrono::duration<double>(static_cast<double>(bytes) * 8 / way_.rate));
    return free_ + way_.delay;
  }

 private:
  TcpRelay::Way way_;
  Clock::time_point free_{};
};

struct Ends {
  tcp::socket client;
  tcp::socket server;
};

/// What passes one way between two sockets, with its end. Keeps itself alive through its handlers.
class Flow : public std::enable_shared_from_this<Flow> {
 public:
  Flow(std::shared_ptr<Ends> ends, tcp::socket& from, tcp::socket& to, Line& line)
      : ends_(std::move(ends)), from_(from), to_(to), line_(line), timer_(from.get_executor()) {}

  void read() {
    from_.async_read_some(asio::buffer(buffer_),
                          [self = shared_from_this()](error_code error, std::size_t count) {
                            // Nothing stands for the end.
                            self->add({self->buffer_.data(), error ? 0 : count});
                            if (!error) self->read();
                          });
  }

 private:
  struct Piece {
    Clock::time_point due;
    std::string bytes;
  };

  void add(std::string bytes) {
    const auto due = line_.take(bytes.size());
    pieces_.push_back({due, std::move(bytes)});
    if (pieces_.size() == 1) await();
  }

  void await() {
    timer_.expires_at(pieces_.front().due);
    timer_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) self->write();
    });
  }

  void write() {
    error_code ignored;  // the other end may have gone, and then reads say so
    if (pieces_.front().bytes.empty()) {
      to_.shutdown(tcp::socket::shutdown_send, ignored);
      return;
    }
    asio::async_write(to_, asio::buffer(pieces_.front().bytes),
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (error) return;
                        self->pieces_.pop_front();
                        if (!self->pieces_.empty()) self->await();
                      });
  }

  std::shared_ptr<Ends> ends_;
  tcp::socket& from_;
  tcp::socket& to_;
  Line& line_;
  asio::steady_timer timer_;
  std::array<char, 16 * 1024> buffer_{};
  std::deque<Piece> pieces_;
};

}  // namespace

class TcpRelay::Worker {
 public:
  Worker(std::uint16_t target, const Way& way)
      : target_(asio::ip::address_v4::loopback(), target),
        way_(way),
        upward_(way),
        downward_(way),
        acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    context_.stop();
    thread_.join();
  }

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket client) {
      if (error) return;
      open(std::make_shared<Ends>(Ends{std::move(client), tcp::socket(context_)}));
      accept();
    });
  }

  /// The client believes that it is connected; what it sends waits as long as that would take.
  void open(const std::shared_ptr<Ends>& ends) {
    const auto timer = std::make_shared<asio::steady_timer>(context_, 2 * way_.delay);
    timer->async_wait([this, ends, timer](error_code) {
      ends->server.async_connect(target_, [this, ends](error_code error) {
        if (error) return;
        for (auto* const socket : {&ends->client, &ends->server})
          socket->set_option(tcp::no_delay(true));
        std::make_shared<Flow>(ends, ends->client, ends->server, upward_)->read();
        std::make_shared<Flow>(ends, ends->server, ends->client, downward_)->read();
      });
    });
  }

  tcp::endpoint target_;
  Way way_;
  Line upward_;
  Line downward_;
  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

TcpRelay::TcpRelay(std::uint16_t target, const Way& way)
    : worker_(std::make_unique<Worker>(target, way)) {}

TcpRelay::~TcpRelay() = default;

std::uint16_t TcpRelay::port() const {
  return worker_->port();
}

}  // namespace aerie::test
