#include "tests/support/udp_relay.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <poll.h>
#include <queue>
#include <random>
#include <sstream>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include "runtime/process/unique_fd.hpp"

namespace aerie::test {
namespace {

using Clock = std::chrono::steady_clock;
using Duration = NetworkShape::Duration;

constexpr Duration overtaken_by{30'000};
constexpr std::size_t most_clients = 16;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

UniqueFd bound_socket() {
  UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const auto address = loopback(0);
  if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    throw std::runtime_error("no UDP port");
  const int room = 1 << 20;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
  return fd;
}

std::uint16_t port_of(const UniqueFd& fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

std::uint64_t key_of(const sockaddr_in& address) {
  return std::uint64_t{address.sin_addr.s_addr} << 16 | address.sin_port;
}

/// A datagram on its way.
struct Flight {
  Clock::time_point due;
  std::uint64_t number = 0;
  int from = -1;
  sockaddr_in to{};
  std::vector<std::uint8_t> bytes;
  bool is_to_client = false;

  bool operator>(const Flight& other) const {
    return due != other.due ? due > other.due : number > other.number;
  }
};

}  // namespace

class UdpRelay::Worker {
 public:
  explicit Worker(unsigned seed)
      : random_(seed),
        front_(bound_socket()),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}
  ~Worker() {
    thread_.request_stop();
    ::eventfd_write(wake_.get(), 1);
  }

  [[nodiscard]] std::uint16_t port() const { return port_of(front_); }
  void set_target(std::uint16_t port) {
    const std::scoped_lock lock{mutex_};
    target_ = port;
  }
  [[nodiscard]] bool has_target() {
    const std::scoped_lock lock{mutex_};
    return target_ != 0;
  }
  void set_shape(const NetworkShape& shape) {
    const std::scoped_lock lock{mutex_};
    shape_ = shape;
  }
  Counts take_counts() {
    const std::scoped_lock lock{mutex_};
    return std::exchange(counts_, {});
  }

 private:
  struct Client {
    sockaddr_in address{};
    UniqueFd back;  ///< towards the target
  };
  /// What a direction remembers.
  struct Lane {
    Clock::time_point free_at{};  ///< what waits for the rate has gone by then
    Clock::time_point last_due{};
  };

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      wait();
      const std::scoped_lock lock{mutex_};
      take_from_clients();
      for (auto& [key, client] : clients_)
        take_from_target(client);
      send_due();
    }
  }

  void wait() {
    std::vector<pollfd> descriptors{{front_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    for (const auto& [key, client] : clients_)
      descriptors.push_back({client.back.get(), POLLIN, 0});
    timespec timeout{};
    if (!flights_.empty()) {
      const auto left = std::max<Clock::duration>(flights_.top().due - Clock::now(), {});
      timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
      timeout.tv_nsec = std::chrono::nanoseconds{left % std::chrono::seconds{1}}.count();
    }
    ::ppoll(descriptors.data(), descriptors.size(), flights_.empty() ? nullptr : &timeout, nullptr);
    eventfd_t count = 0;
    if (descriptors[1].revents != 0) ::eventfd_read(wake_.get(), &count);
  }

  /// One datagram; false: none is there.
  bool receive(const UniqueFd& fd, sockaddr_in& from, std::vector<std::uint8_t>& bytes) {
    socklen_t size = sizeof(from);
    const auto count = ::recvfrom(fd.get(), buffer_.data(), buffer_.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from), &size);
    if (count < 0) return false;
    bytes.assign(buffer_.begin(), buffer_.begin() + count);
    return true;
  }

  void take_from_clients() {
    sockaddr_in from{};
    for (std::vector<std::uint8_t> bytes; receive(front_, from, bytes);) {
      auto found = clients_.find(key_of(from));
      if (found == clients_.end()) {
        if (clients_.size() == most_clients) continue;
        found = clients_.emplace(key_of(from), Client{from, bound_socket()}).first;
      }
      if (target_ != 0)
        pass({{}, 0, found->second.back.get(), loopback(target_), std::move(bytes), false});
    }
  }

  void take_from_target(const Client& client) {
    sockaddr_in from{};
    for (std::vector<std::uint8_t> bytes; receive(client.back, from, bytes);)
      pass({{}, 0, front_.get(), client.address, std::move(bytes), true});
  }

  /// Decides a datagram's fate.
  void pass(Flight flight) {
    const auto now = Clock::now();
    auto& lane = flight.is_to_client ? to_client_ : to_target_;
    // Always drawn, so that what is decided depends on the seed and the order alone.
    const double luck = chance_(random_);
    const double order = chance_(random_);
    const double spread = 2 * chance_(random_) - 1;
    if (shape_.is_cut || luck < shape_.loss) return;
    flight.due = now;
    if (flight.is_to_client && shape_.rate > 0) {
      lane.free_at = std::max(lane.free_at, now);
      const auto waits = std::chrono::duration_cast<Duration>(lane.free_at - now);
      if (waits > shape_.queue) return;
      counts_.longest = std::max(counts_.longest, waits);
      lane.free_at += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(
          static_cast<double>(flight.bytes.size()) * 8 / shape_.rate));
      flight.due = lane.free_at;
    }
    flight.due +=
        shape_.delay +
        Duration{static_cast<std::int64_t>(static_cast<double>(shape_.jitter.count()) * spread)};
    if (order < shape_.overtaken)
      flight.due += overtaken_by;
    else
      lane.last_due = flight.due = std::max(flight.due, lane.last_due);
    flight.number = next_number_++;
    flights_.push(std::move(flight));
  }

  void send_due() {
    for (const auto now = Clock::now(); !flights_.empty() && flights_.top().due <= now;
         flights_.pop()) {
      const auto& flight = flights_.top();
      ::sendto(flight.from, flight.bytes.data(), flight.bytes.size(), 0,
               reinterpret_cast<const sockaddr*>(&flight.to), sizeof(flight.to));
      if (!flight.is_to_client) continue;
      ++counts_.passed;
      counts_.bytes += flight.bytes.size();
    }
  }

  std::mt19937 random_;
  std::uniform_real_distribution<double> chance_;
  UniqueFd front_;
  UniqueFd wake_;
  std::map<std::uint64_t, Client> clients_;
  std::priority_queue<Flight, std::vector<Flight>, std::greater<>> flights_;
  std::uint64_t next_number_ = 0;
  Lane to_client_;
  Lane to_target_;
  std::array<std::uint8_t, 65536> buffer_{};

  std::mutex mutex_;
  std::uint16_t target_ = 0;
  NetworkShape shape_;
  Counts counts_;

  std::jthread thread_;  // the last member: it uses all others
};

UdpRelay::UdpRelay(unsigned seed) : worker_(std::make_unique<Worker>(seed)) {}
UdpRelay::~UdpRelay() = default;

std::uint16_t UdpRelay::port() const {
  return worker_->port();
}
void UdpRelay::set_target(std::uint16_t port) {
  worker_->set_target(port);
}
void UdpRelay::set_shape(const NetworkShape& shape) {
  worker_->set_shape(shape);
}
UdpRelay::Counts UdpRelay::take_counts() {
  return worker_->take_counts();
}

std::optional<std::string> UdpRelay::lead_through(const std::string& candidate) {
  std::istringstream words{candidate};
  std::string foundation, component, protocol, priority, address, rest;
  std::uint16_t port = 0;
  if (!(words >> foundation >> component >> protocol >> priority >> address >> port) ||
      address != "127.0.0.1" || worker_->has_target())
    return std::nullopt;
  std::getline(words, rest);
  set_target(port);
  return foundation + " " + component + " " + protocol + " " + priority + " " + address + " " +
         std::to_string(this->port()) + rest;
}

std::string without_candidates(const std::string& sdp) {
  std::istringstream lines{sdp};
  std::string kept;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("a=candidate:")) kept += line + "\n";
  return kept;
}

}  // namespace aerie::test
