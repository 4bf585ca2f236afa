#pragma once

#include <optional>
#include <string>

#include "messages/cause.hpp"

namespace aerie {

/// Why a command was not done.
struct CommandFault {
  int status = 1;       ///< for the exit: 1 the answer is no, 2 wrong usage
  std::string code;     ///< `not-found`, `usage`, …
  std::string message;  ///< one sentence
  std::string remedy;   ///< what to do about it
};

void to_json(Json& json, const CommandFault& fault);

/// Where the outcome of one command goes: a client of the socket, or of the HTTP API. Called on any
/// thread, never waits. Dropped without an `end`, it says that the console was restarted.
class ConsoleReply {
 public:
  ConsoleReply() = default;
  ConsoleReply(const ConsoleReply&) = delete;
  ConsoleReply& operator=(const ConsoleReply&) = delete;
  virtual ~ConsoleReply() = default;

  /// What was asked for, whole.
  virtual void document(Json document) = 0;
  /// One of many, of a list or of what goes on. May be kept back until `flush` or `end`.
  virtual void item(Json item) = 0;
  /// The items so far are all there are for now: whoever waits is to see them.
  virtual void flush() {}
  /// Nothing more comes. Without a fault all is well.
  virtual void end(std::optional<CommandFault> fault) = 0;
};

}  // namespace aerie
