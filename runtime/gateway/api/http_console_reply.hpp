#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "runtime/console/console_reply.hpp"
#include "runtime/gateway/server.hpp"

namespace aerie {

/// The outcome of one command as the answer to one request: JSON objects, one a line, as
/// console.sock has them without their ids. Items are kept until they are flushed, so that a long
/// list is one chunk; what ends without a flush is answered whole. Thread-safe.
class HttpConsoleReply final : public ConsoleReply {
 public:
  /// `finished` is called once, after the last word, on any thread; it must not wait.
  HttpConsoleReply(std::shared_ptr<GatewayServer> server, std::uint64_t request,
                   std::function<void()> finished);
  /// Without an `end` the console was restarted: the answer says so.
  ~HttpConsoleReply() override;

  void document(Json document) override;
  void item(Json item) override;
  void flush() override;
  void end(std::optional<CommandFault> fault) override;

  /// An empty line, so that nobody on the way takes silence for death.
  void pause();

 private:
  void say(const char* what, Json json);
  void pass_on();

  std::shared_ptr<GatewayServer> server_;
  std::uint64_t request_;
  std::function<void()> finished_;
  std::mutex mutex_;
  std::string text_;
  bool is_begun_ = false;
  bool is_ended_ = false;
};

}  // namespace aerie
