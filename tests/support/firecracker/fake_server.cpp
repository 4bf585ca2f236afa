#include "tests/support/firecracker/fake_server.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/process/unix_socket.hpp"

namespace aerie::test {
namespace {

namespace http = boost::beast::http;

/// Reads what is there now; false once the peer is gone.
bool read_into(int fd, std::string& bytes) {
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const auto count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count > 0) bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (count == 0) return false;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
  }
}

/// Writes what can be written now.
void write_from(int fd, std::string& bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    bytes.erase(0, static_cast<std::size_t>(count));
  }
}

Watch watch_or_throw(Reactor& reactor, int fd, std::uint32_t events, Reactor::FdCallback callback) {
  auto watch = reactor.watch(fd, events, std::move(callback));
  if (!watch) throw std::runtime_error{watch.error().message};
  return std::move(*watch);
}

constexpr std::uint32_t both_edges = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

}  // namespace

// -- the API --------------------------------------------------------------------------------------

class FakeFirecracker::ApiConnection : public std::enable_shared_from_this<ApiConnection> {
 public:
  ApiConnection(FakeFirecracker& owner, UniqueFd fd) : owner_(owner), fd_(std::move(fd)) {}

  void watch() {
    watch_ = watch_or_throw(owner_.reactor_, fd_.get(), both_edges,
                            [this](std::uint32_t) { on_events(); });
  }

 private:
  void on_events() {
    const auto self = shared_from_this();
    write_from(fd_.get(), outgoing_);
    const bool is_open = read_into(fd_.get(), incoming_);
    parse();
    write_from(fd_.get(), outgoing_);
    if (!is_open || owner_.machine_.is_dead()) close();
  }

  void parse() {
    while (!incoming_.empty()) {
      boost::system::error_code error;
      const auto used = parser_->put(boost::asio::buffer(incoming_), error);
      incoming_.erase(0, used);
      if (error == http::error::need_more) return;
      if (error) return close();
      if (!parser_->is_done()) continue;
      auto request = parser_->release();
      parser_ = make_parser();
      outgoing_ += owner_.answer_to({std::string{request.method_string()},
                                     std::string{request.target()}, std::move(request.body())});
    }
  }

  void close() {
    const auto self = shared_from_this();
    watch_.reset();
    owner_.api_.remove(self);
  }

  using Parser = http::request_parser<http::string_body>;
  static std::unique_ptr<Parser> make_parser() {
    auto parser = std::make_unique<Parser>();
    parser->eager(true);
    return parser;
  }

  FakeFirecracker& owner_;
  UniqueFd fd_;
  Watch watch_;
  std::string incoming_;
  std::string outgoing_;
  std::unique_ptr<Parser> parser_ = make_parser();
};

// -- the vsock ------------------------------------------------------------------------------------

class FakeFirecracker::VsockConnection : public std::enable_shared_from_this<VsockConnection> {
 public:
  VsockConnection(FakeFirecracker& owner, UniqueFd host) : owner_(owner), host_(std::move(host)) {}

  void watch() {
    host_watch_ = watch_or_throw(owner_.reactor_, host_.get(), both_edges,
                                 [this](std::uint32_t) { on_events(); });
  }

 private:
  void on_events() {
    const auto self = shared_from_this();
    const bool host_is_open = read_into(host_.get(), to_guest_);
    if (!guest_ && !connect()) return;
    bool guest_is_open = true;
    if (guest_) {
      write_from(guest_.get(), to_guest_);
      guest_is_open = read_into(guest_.get(), to_host_);
    }
    write_from(host_.get(), to_host_);
    if (!host_is_open || (!guest_is_open && to_host_.empty())) close();
  }

  /// Once the whole line is there. False when nobody listens: then the host is let go.
  bool connect() {
    const auto end = to_guest_.find('\n');
    if (end == std::string::npos) return true;
    const auto line = to_guest_.substr(0, end);
    to_guest_.erase(0, end + 1);
    constexpr std::string_view word = "CONNECT ";
    std::uint32_t port = 0;
    const auto* last = line.data() + line.size();
    const bool is_well_formed = line.starts_with(word) &&
                                std::from_chars(line.data() + word.size(), last, port).ptr == last;
    if (is_well_formed && owner_.guest_.connect) guest_ = owner_.guest_.connect(port);
    if (!guest_) {
      close();
      return false;
    }
    to_host_ = "OK 1073741824\n" + to_host_;
    guest_watch_ = watch_or_throw(owner_.reactor_, guest_.get(), both_edges,
                                  [this](std::uint32_t) { on_events(); });
    return true;
  }

  void close() {
    const auto self = shared_from_this();
    host_watch_.reset();
    guest_watch_.reset();
    owner_.vsock_.remove(self);
  }

  FakeFirecracker& owner_;
  UniqueFd host_;
  UniqueFd guest_;
  Watch host_watch_;
  Watch guest_watch_;
  std::string to_guest_;
  std::string to_host_;
};

// -- FakeFirecracker ------------------------------------------------------------------------------

FakeFirecracker::FakeFirecracker(Reactor& reactor, const std::string& api_path, Guest guest)
    : reactor_(reactor), guest_(std::move(guest)) {
  auto listener = listen_unix(api_path);
  if (!listener) throw std::runtime_error{listener.error().message};
  api_listener_ = std::move(*listener);
  api_watch_ = watch_or_throw(reactor_, api_listener_.get(), EPOLLIN,
                              [this](std::uint32_t) { accept_api(); });
  machine_.listen_at = [this](const std::string& path) { return listen_at(path); };
}

FakeFirecracker::~FakeFirecracker() {
  drop_connections();
  vsock_.clear();
}

void FakeFirecracker::drop_connections() {
  api_.clear();
}

bool FakeFirecracker::connect_host(std::uint32_t port) {
  return connect_unix(machine_.vsock_path() + "_" + std::to_string(port)).has_value();
}

void FakeFirecracker::accept_api() {
  auto fd = accept_unix(api_listener_.get());
  if (!fd) return;
  api_.push_back(std::make_shared<ApiConnection>(*this, std::move(fd)));
  api_.back()->watch();
}

void FakeFirecracker::accept_vsock() {
  auto fd = accept_unix(vsock_listener_.get());
  if (!fd) return;
  vsock_.push_back(std::make_shared<VsockConnection>(*this, std::move(fd)));
  vsock_.back()->watch();
}

std::string FakeFirecracker::answer_to(const HeardRequest& request) {
  heard_.push_back(request);
  if (is_silent_) return {};
  const auto before = machine_.state();
  const auto answer = machine_.handle(request.method, request.path, request.body);
  if (before != FakeMicrovm::State::running && machine_.state() == FakeMicrovm::State::running &&
      guest_.on_start)
    reactor_.post([this] { guest_.on_start(); });
  if (machine_.is_dead() && guest_.on_exit) reactor_.post([this] { guest_.on_exit(); });
  const std::string reason = answer.status == 204   ? "No Content"
                             : answer.status == 200 ? "OK"
                             : answer.status == 413 ? "Payload Too Large"
                                                    : "Bad Request";
  auto text = "HTTP/1.1 " + std::to_string(answer.status) + " " + reason +
              " \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n";
  if (!answer.body.empty())
    text +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(answer.body.size()) +
        "\r\n";
  return text + "\r\n" + answer.body;
}

/// Firecracker refuses to bind where there is a file already, whoever left it.
std::string FakeFirecracker::listen_at(const std::string& path) {
  if (path == vsock_path_) {
    vsock_watch_.reset();
    vsock_listener_.reset();
    ::unlink(path.c_str());
  }
  if (std::filesystem::exists(path))
    return R"(Os { code: 98, kind: AddrInUse, message: "Address in use" })";
  auto listener = listen_unix(path);
  if (!listener) return R"(Os { code: 2, kind: NotFound, message: "No such file or directory" })";
  vsock_path_ = path;
  vsock_listener_ = std::move(*listener);
  vsock_watch_ = watch_or_throw(reactor_, vsock_listener_.get(), EPOLLIN,
                                [this](std::uint32_t) { accept_vsock(); });
  return {};
}

}  // namespace aerie::test
