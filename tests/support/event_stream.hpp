#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "messages/cause.hpp"
#include "tests/support/deadline.hpp"

namespace aerie::test {

/// One server-sent event (HTML standard, section 9.2).
struct ServerEvent {
  std::string id;
  std::string kind;
  Json data;
};

/// Reads a stream of server-sent events.
class EventStream {
 public:
  /// Returns once the answer's header was read. Throws `std::runtime_error` unless it is a 200.
  EventStream(const std::string& address, const std::string& token, const std::string& target);
  ~EventStream();

  /// The next event, comments passed over. Throws `std::runtime_error` at the end and when time is
  /// up.
  ServerEvent next(std::chrono::milliseconds within = patience);

  /// The next event of a kind; others are passed over.
  ServerEvent next_of(const std::string& kind, std::chrono::milliseconds within = patience);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace aerie::test
