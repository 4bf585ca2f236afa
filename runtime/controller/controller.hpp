#pragma once

#include <functional>
#include <memory>
#include <string>

#include "messages/cause.hpp"
#include "runtime/config/configuration.hpp"
#include "runtime/config/profiles.hpp"
#include "runtime/config/providers.hpp"

namespace aerie {

/// Everything that `aerie serve` runs, in one object: reactor, store, actors, gateway. Embeddable:
/// several may live in one process, each with a state directory of its own.
class Controller {
 public:
  /// Opens the state directory, starts the actors, binds the gateway. Returns once it serves.
  /// Errors: `store-failed`, `disk-full`, `port-in-use`, `network-failed`, `address-in-use`
  /// (another controller has this state directory).
  [[nodiscard]] static Result<std::unique_ptr<Controller>> start(Configuration configuration,
                                                                 Profiles profiles,
                                                                 Providers providers);

  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  /// Stops at once what is left; see `stop`.
  ~Controller();

  /// Where it listens, `127.0.0.1:4000`.
  [[nodiscard]] std::string address() const;

  /// Calls `well` every so often, on another thread, as long as what matters in it answers.
  void watch_itself(Duration every, std::function<void()> well);

  /// Takes no new sessions. With `stop_guests`, retires those there are (`shutdown`, forced) and
  /// waits for their end, at most `within`. Then everything of the controller ends.
  void stop(bool stop_guests, Duration within);

  /// Makes a `stop` that waits give up waiting. From any thread.
  void hurry();

  /// Blocks until `stop_fd` becomes readable or the root supervisor gave up; then the cause.
  [[nodiscard]] std::optional<Cause> wait(int stop_fd);

 private:
  class Parts;
  explicit Controller(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace aerie
