#include "runtime/console/console_socket.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "actors/core/actor.hpp"
#include "runtime/console/console_reply.hpp"
#include "runtime/process/unix_socket.hpp"

namespace aerie {
namespace {

/// One client. Lives on the reactor's thread, but for `say`.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Reactor& reactor, UniqueFd fd, EnvironmentPtr environment)
      : reactor_(reactor), environment_(std::move(environment)), fd_(std::move(fd)) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  /// False where it could not be watched.
  bool begin(std::function<void()> on_closed);
  void close();

  /// From any thread.
  void say(const Json& message);

 private:
  void on_ready(std::uint32_t events);
  void read();
  void on_line(const std::string& line);
  void refuse(const Json& id, const std::string& message);
  void write();

  Reactor& reactor_;
  EnvironmentPtr environment_;
  UniqueFd fd_;
  Watch watch_;
  std::function<void()> on_closed_;
  std::string input_;
  std::string output_;
  std::map<std::int64_t, std::weak_ptr<ConsoleReply>> commands_;
  std::atomic<std::size_t> queued_ = 0;
  std::atomic<bool> is_closed_ = false;
};

/// Carries a command's outcome to its client, if that is still there.
class SocketReply final : public ConsoleReply {
 public:
  SocketReply(std::weak_ptr<Connection> connection, std::int64_t id)
      : connection_(std::move(connection)), id_(id) {}
  SocketReply(const SocketReply&) = delete;
  SocketReply& operator=(const SocketReply&) = delete;
  ~SocketReply() override {
    if (!is_ended_)
      say({{"end",
            {{"fault", CommandFault{1, "unavailable", "The console was restarted.",
                                    "Ask again in a second."}}}}});
  }

  void document(Json document) override { say({{"document", std::move(document)}}); }
  void item(Json item) override { say({{"item", std::move(item)}}); }
  void end(std::optional<CommandFault> fault) override {
    if (is_ended_.exchange(true)) return;
    say({{"end", {{"fault", fault ? Json(*fault) : Json(nullptr)}}}});
  }

 private:
  void say(Json message) const {
    message["id"] = id_;
    if (const auto connection = connection_.lock()) connection->say(message);
  }

  std::weak_ptr<Connection> connection_;
  std::int64_t id_;
  std::atomic<bool> is_ended_ = false;
};

bool Connection::begin(std::function<void()> on_closed) {
  on_closed_ = std::move(on_closed);
  auto watch = reactor_.watch(fd_.get(), EPOLLIN, [this](std::uint32_t events) {
    const auto keep = shared_from_this();
    on_ready(events);
  });
  if (!watch) return false;
  watch_ = std::move(*watch);
  return true;
}

void Connection::close() {
  if (is_closed_.exchange(true)) return;
  watch_.reset();
  fd_.reset();
  const auto console = environment_->directory.console();
  for (const auto& [id, weak] : commands_)
    if (auto reply = weak.lock(); reply && console) post(console, StopCommand{std::move(reply)});
  if (on_closed_) on_closed_();
}

void Connection::say(const Json& message) {
  if (is_closed_) return;
  auto text = message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  queued_ += text.size();
  reactor_.post([connection = shared_from_this(), text = std::move(text)] {
    if (connection->is_closed_) return;
    if (connection->queued_ > ConsoleSocket::most_queued_bytes) {
      spdlog::warn("A client of console.sock did not read what it asked for and was cut off.");
      return connection->close();
    }
    connection->output_ += text;
    connection->write();
  });
}

void Connection::on_ready(std::uint32_t events) {
  if ((events & EPOLLIN) != 0) read();
  if (!is_closed_ && (events & EPOLLOUT) != 0) write();
  if (!is_closed_ && (events & (EPOLLHUP | EPOLLERR)) != 0 && (events & EPOLLIN) == 0) close();
}

void Connection::read() {
  std::array<char, 16 * 1024> buffer{};
  const auto count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return close();
  input_.append(buffer.data(), static_cast<std::size_t>(count));
  std::size_t begin = 0;
  for (auto end = input_.find('\n'); end != std::string::npos && !is_closed_;
       end = input_.find('\n', begin)) {
    on_line(input_.substr(begin, end - begin));
    begin = end + 1;
  }
  input_.erase(0, begin);
  if (!is_closed_ && input_.size() > ConsoleSocket::most_line_bytes) {
    refuse(nullptr, "A line of more than 64 KiB.");
    close();
  }
}

void Connection::on_line(const std::string& line) {
  constexpr std::size_t most_commands = 64;
  const auto request = Json::parse(line, nullptr, false);
  if (!request.is_object() || !request.contains("id") || !request["id"].is_number_integer())
    return refuse(nullptr, "Not an object with an id.");
  const auto id = request["id"].get<std::int64_t>();
  const auto console = environment_->directory.console();
  if (!console) return refuse(id, "The console is being restarted.");
  if (request.value("stop", Json(false)) == true) {
    const auto found = commands_.find(id);
    if (found == commands_.end()) return;
    if (auto reply = found->second.lock()) post(console, StopCommand{std::move(reply)});
    return;
  }
  if (!request.contains("line") || !request["line"].is_string())
    return refuse(id, "There is no line.");
  std::erase_if(commands_, [](const auto& each) { return each.second.expired(); });
  if (commands_.size() >= most_commands) return refuse(id, "Too many commands at once.");
  auto reply = std::make_shared<SocketReply>(weak_from_this(), id);
  commands_[id] = reply;
  post(console, RunCommand{request["line"].get<std::string>(), std::move(reply)});
}

void Connection::refuse(const Json& id, const std::string& message) {
  say({{"id", id},
       {"end", {{"fault", CommandFault{2, "protocol", message, "See console_socket.hpp."}}}}});
}

void Connection::write() {
  std::size_t sent = 0;
  while (sent < output_.size()) {
    const auto count =
        ::send(fd_.get(), output_.data() + sent, output_.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) return close();
    sent += static_cast<std::size_t>(count);
  }
  output_.erase(0, sent);
  queued_ -= sent;
  watch_.set_events(output_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

/// True for this user and root.
bool is_trusted(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

}  // namespace

/// Accepts clients, on the reactor's thread.
class ConsoleSocket::Server : public std::enable_shared_from_this<ConsoleSocket::Server> {
 public:
  Server(Reactor& reactor, UniqueFd listener, EnvironmentPtr environment)
      : reactor_(reactor), environment_(std::move(environment)), listener_(std::move(listener)) {}

  Result<void> begin() {
    auto watch = reactor_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
    if (!watch) return tl::unexpected(watch.error());
    watch_ = std::move(*watch);
    return {};
  }

  void end() {
    watch_.reset();
    listener_.reset();
    for (const auto& [number, connection] : std::exchange(connections_, {}))
      connection->close();
  }

 private:
  void accept() {
    auto fd = accept_unix(listener_.get());
    if (!fd) return;
    if (!is_trusted(fd.get()) || connections_.size() >= most_connections) {
      spdlog::warn("console.sock refused a client: {}",
                   is_trusted(fd.get()) ? "too many are connected" : "it is another user's");
      return;
    }
    const auto number = next_++;
    const auto connection = std::make_shared<Connection>(reactor_, std::move(fd), environment_);
    connections_[number] = connection;
    const auto forget = [weak = weak_from_this(), number] {
      if (const auto server = weak.lock()) server->connections_.erase(number);
    };
    if (!connection->begin(forget)) connections_.erase(number);
  }

  Reactor& reactor_;
  EnvironmentPtr environment_;
  UniqueFd listener_;
  Watch watch_;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::uint64_t next_ = 0;
};

ConsoleSocket::ConsoleSocket(Reactor& reactor, std::string path, std::shared_ptr<Server> server)
    : reactor_(reactor), path_(std::move(path)), server_(std::move(server)) {}

ConsoleSocket::~ConsoleSocket() {
  reactor_.call([this] { server_->end(); });
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT)
    spdlog::warn("'{}' could not be removed: {}", path_, std::strerror(errno));
}

Result<std::unique_ptr<ConsoleSocket>> ConsoleSocket::open(Reactor& reactor, std::string path,
                                                           EnvironmentPtr environment) {
  auto listener = listen_unix(path);
  if (!listener) return tl::unexpected(listener.error());
  auto server = std::make_shared<Server>(reactor, std::move(*listener), std::move(environment));
  Result<void> begun;
  reactor.call([&] { begun = server->begin(); });
  if (!begun) return tl::unexpected(begun.error());
  return std::unique_ptr<ConsoleSocket>{
      new ConsoleSocket(reactor, std::move(path), std::move(server))};
}

}  // namespace aerie
