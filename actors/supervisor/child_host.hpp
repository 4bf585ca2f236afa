#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "messages/cause.hpp"
#include "messages/link.hpp"
#include "messages/time.hpp"

namespace aerie {

/// The grace of a child that is never killed for taking its time: of a supervisor, which waits for
/// its own children (OTP's `infinity`).
inline constexpr Duration unlimited_grace = Duration::max();

/// What a supervisor's children are made of: processes in the guest, actors in the controller.
/// Every function returns at once; outcomes come back to the supervisor as `ChildStarted`,
/// `ChildReady` and `ChildExited` with the run they belong to. A start that fails is a
/// `ChildExited` without a pid.
class ChildHost {
 public:
  virtual ~ChildHost() = default;

  virtual void start(const std::string& child, std::uint64_t run) = 0;

  /// Asks the child to end (SIGTERM, or an exit message), and kills it with all it started when
  /// `grace` has passed. `by` goes into the exit record.
  virtual void stop(const std::string& child, std::uint64_t run, Duration grace,
                    const std::string& by) = 0;

  /// Sends a signal now. `reason` replaces the exit's kind and message where the supervisor knows
  /// better than the wait status why the child ended (`not-ready`, `hung`).
  virtual void signal(const std::string& child, std::uint64_t run, int signal,
                      const std::string& by, const std::optional<Cause>& reason) = 0;
};

/// Who is told what a supervisor's children do. Called on the supervisor's actor: must not block.
class SupervisorListener {
 public:
  virtual ~SupervisorListener() = default;
  virtual void on_news(const link::ChildNews& news) = 0;

  /// Called once, when every child was ready once or ended well before.
  virtual void on_all_ready() = 0;

  /// Called once, when no child is left. No cause where the stop was asked for.
  virtual void on_finished(const std::optional<Cause>& cause) = 0;
};

}  // namespace aerie
