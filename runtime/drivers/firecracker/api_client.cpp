#include "runtime/drivers/firecracker/api_client.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "runtime/drivers/firecracker/api_errors.hpp"
#include "runtime/drivers/firecracker/http_answers.hpp"

namespace aerie::firecracker {
namespace {

constexpr std::size_t read_bytes = 16UL * 1024;

std::string to_http(const ApiRequest& request) {
  auto text = name_of(request) + " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n";
  if (!request.body) return text + "\r\n";
  const auto body = request.body->dump(-1, ' ', false, Json::error_handler_t::replace);
  return text + "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

Cause broken(const std::string& what) {
  return {CauseKind::vmm_failed, what, "Look into Firecracker's log beside the VM's console.", {}};
}

}  // namespace

struct ApiClient::State : std::enable_shared_from_this<State> {
  struct Waiting {
    ApiRequest request;
    Done done;
  };

  State(Reactor& on, UniqueFd socket, Duration how_long)
      : reactor(on), fd(std::move(socket)), request_patience(how_long) {}

  void watch() {
    auto watched = reactor.watch(fd.get(), EPOLLIN, [weak = weak_from_this()](std::uint32_t what) {
      if (const auto self = weak.lock()) self->on_events(what);
    });
    if (watched)
      handle = std::move(*watched);
    else
      fail_later(watched.error());
  }

  void send(ApiRequest request, Done done) {
    waiting.push_back({std::move(request), std::move(done)});
    if (!fd) return fail_later(broken("Firecracker's API socket is closed."));
    if (waiting.size() == 1) begin();
  }

  /// Writes the request that is first now.
  void begin() {
    outgoing = to_http(waiting.front().request);
    timer = reactor.after(request_patience, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->on_late();
    });
    write();
  }

  void on_events(std::uint32_t what) {
    if ((what & EPOLLOUT) != 0) write();
    if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
  }

  void write() {
    while (fd && !outgoing.empty()) {
      const auto count = ::send(fd.get(), outgoing.data(), outgoing.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) break;  // no room for now, or gone: then reading tells
      outgoing.erase(0, static_cast<std::size_t>(count));
    }
    handle.set_events(outgoing.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
  }

  void read() {
    if (!fd) return;
    std::array<char, read_bytes> buffer;
    const auto count = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count < 0) return fail(broken(lost(std::strerror(errno))));
    if (count == 0) return fail(broken(lost("it closed the connection")));
    auto complete = answers.feed({buffer.data(), static_cast<std::size_t>(count)});
    if (!complete) return fail(complete.error());
    for (auto& answer : *complete) {
      if (!fd) return;  // closed inside a callback
      on_answer(answer);
    }
  }

  [[nodiscard]] std::string lost(const std::string& why) const {
    const auto what = waiting.empty() ? std::string{} : " before it answered " + name();
    return "Firecracker's API socket was lost" + what + ": " + why + ".";
  }

  [[nodiscard]] std::string name() const { return name_of(waiting.front().request); }

  void on_answer(const HttpAnswer& answer) {
    if (waiting.empty())
      return fail(broken("Firecracker's API socket answered what nobody asked."));
    reactor.cancel(timer);
    const auto [request, done] = std::move(waiting.front());
    waiting.pop_front();
    if (!waiting.empty()) begin();
    done(result_of(request, answer));
  }

  static Result<Json> result_of(const ApiRequest& request, const HttpAnswer& answer) {
    if (answer.status < 200 || answer.status > 299)
      return tl::unexpected(cause_of_refusal(request, answer.status, answer.body));
    if (answer.body.empty()) return Json{};
    auto json = Json::parse(answer.body, nullptr, false);
    if (json.is_discarded())
      return tl::unexpected(
          broken("Firecracker answered " + name_of(request) + " with what is no JSON."));
    return json;
  }

  void on_late() {
    fail(broken("Firecracker did not answer " + name() + " within " +
                std::to_string(request_patience.count()) + " ms."));
  }

  void fail_later(Cause cause) {
    reactor.post([weak = weak_from_this(), cause = std::move(cause)] {
      if (const auto self = weak.lock()) self->fail(cause);
    });
  }

  void fail(const Cause& cause) {
    const auto all = std::exchange(waiting, {});
    close();
    for (const auto& each : all)
      each.done(tl::unexpected(cause));
  }

  void close() {
    reactor.cancel(timer);
    handle.reset();
    fd.reset();
    outgoing.clear();
    waiting.clear();
  }

  Reactor& reactor;
  UniqueFd fd;
  Watch handle;
  Duration request_patience;
  HttpAnswers answers;
  std::deque<Waiting> waiting;
  std::string outgoing;
  TimerId timer;
};

ApiClient::ApiClient(Reactor& reactor, UniqueFd socket, Duration request_patience)
    : state_(std::make_shared<State>(reactor, std::move(socket), request_patience)) {
  state_->watch();
}

ApiClient::~ApiClient() {
  state_->close();
}

void ApiClient::send(ApiRequest request, Done done) {
  state_->send(std::move(request), std::move(done));
}

bool ApiClient::is_open() const {
  return static_cast<bool>(state_->fd);
}

}  // namespace aerie::firecracker
