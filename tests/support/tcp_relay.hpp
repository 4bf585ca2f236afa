#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

namespace aerie::test {

/// A long way between clients and one TCP port of this host: listens on 127.0.0.1 and passes on
/// what comes. Has a thread. Nothing is lost on it, and there is no slow start (RFC 5681): whatever
/// was measured over it would take longer still where there is.
class TcpRelay {
 public:
  struct Way {
    std::chrono::microseconds delay{0};  ///< each way, that of a connection's opening too
    double rate = 0;                     ///< bit/s each way, shared by all connections; 0: any
  };

  TcpRelay(std::uint16_t target, const Way& way);
  TcpRelay(const TcpRelay&) = delete;
  TcpRelay& operator=(const TcpRelay&) = delete;
  ~TcpRelay();

  [[nodiscard]] std::uint16_t port() const;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace aerie::test
