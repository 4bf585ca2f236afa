#pragma once

#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "messages/exit_record.hpp"
#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"
#include "tests/support/http_client.hpp"

namespace aerie::test {

/// A real `aerie serve`, which can die while its guests live. Guests that are left become children
/// of this process, so that `descendants` finds them. Failures throw `std::runtime_error`.
class ServeProcess {
 public:
  using Set = std::vector<std::pair<std::string, std::string>>;

  /// Returns once it serves. `listen` with port 0: any.
  explicit ServeProcess(std::string state, const std::string& listen = "127.0.0.1:0",
                        const Set& set = {});
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;
  /// Ends it with its guests, if it runs still.
  ~ServeProcess();

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string token() const;
  /// A client with the operator's token.
  [[nodiscard]] HttpClient http() const { return HttpClient(address_, token()); }

  /// What it has written so far, its log too.
  [[nodiscard]] std::string words() const;

  /// Sends the signal and returns its exit.
  ExitRecord end(int signal);

 private:
  struct Shared;
  std::string state_;
  std::string address_;
  pid_t pid_ = 0;
  std::shared_ptr<Shared> shared_;
  Reactor reactor_;
  std::unique_ptr<Process> process_;
};

}  // namespace aerie::test
