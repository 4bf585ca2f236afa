#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#define AERIE_PUBLIC __attribute__((visibility("default")))

namespace aerie {

/// How an embedded controller is to run. The defaults suit a test: any free port on loopback, a
/// temporary state directory, nothing left at the end.
struct EmbeddedOptions {
  std::string state;  ///< empty: a temporary directory, removed at the end
  std::string listen = "127.0.0.1:0";
  /// As on the command line after `--set`: `{"limits.sessions", "2"}`.
  std::vector<std::pair<std::string, std::string>> set;
  /// A folder searched first for `aerie-guest`, `aerie-stream` and `aerie-enter`; empty: those that
  /// were built or installed with this library.
  std::string programs;
};

/// Why a controller did not start.
struct EmbeddedError {
  std::string kind;  ///< of the contract's causes, or `configuration`
  std::string message;
  std::string remedy;
};

class Embedded;

/// A running controller, or why there is none.
struct EmbeddedStart {
  std::unique_ptr<Embedded> controller;  ///< null: see `error`
  EmbeddedError error;
};

/// A whole Aerie controller inside this process, the same that `aerie serve` runs. It reads neither
/// the environment nor a configuration file. Thread-safe but for its destruction.
class AERIE_PUBLIC Embedded {
 public:
  /// Returns once it serves: no waiting or polling is needed after it.
  [[nodiscard]] static EmbeddedStart start(const EmbeddedOptions& options = {});

  Embedded(const Embedded&) = delete;
  Embedded& operator=(const Embedded&) = delete;

  /// Retires every session (`shutdown`, forced), waits for their guests' end, ends everything.
  ~Embedded();

  [[nodiscard]] const std::string& address() const;  ///< `127.0.0.1:40321`
  [[nodiscard]] const std::string& state() const;    ///< the state directory
  [[nodiscard]] const std::string& operator_token() const;

 private:
  class Parts;
  explicit Embedded(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace aerie
