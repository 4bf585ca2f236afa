#pragma once

#include <memory>
#include <string>

#include "actors/core/environment.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie {

/// The operators' socket in the state directory: a Unix socket, 0600, which only this user and root
/// may talk to (SO_PEERCRED). One JSON object a line, at most 64 KiB each:
///
///     → {"id":1,"line":"logs 1a2b -f"}          runs a command; several may run at once
///     → {"id":1,"stop":true}                    ends it
///     ← {"id":1,"document":{…}}                 what was asked for
///     ← {"id":1,"item":{…}}                     one of many, or of what goes on
///     ← {"id":1,"end":{"fault":null|{code,message,remedy,status}}}
class ConsoleSocket {
 public:
  static constexpr std::size_t most_connections = 32;
  static constexpr std::size_t most_line_bytes = 64 * 1024;
  /// A client that does not read so much is cut off.
  static constexpr std::size_t most_queued_bytes = 256 * 1024 * 1024;

  /// Listens at `path`. `reactor` outlives it. Errors: `address-in-use`, `store-failed`.
  [[nodiscard]] static Result<std::unique_ptr<ConsoleSocket>> open(Reactor& reactor,
                                                                   std::string path,
                                                                   EnvironmentPtr environment);
  ConsoleSocket(const ConsoleSocket&) = delete;
  ConsoleSocket& operator=(const ConsoleSocket&) = delete;
  /// Closes every connection and removes the file.
  ~ConsoleSocket();

 private:
  class Server;
  ConsoleSocket(Reactor& reactor, std::string path, std::shared_ptr<Server> server);

  Reactor& reactor_;
  std::string path_;
  std::shared_ptr<Server> server_;
};

}  // namespace aerie
