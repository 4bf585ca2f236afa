#pragma once

#include <caf/actor_system.hpp>
#include <memory>
#include <string>
#include <vector>

#include "actors/core/environment.hpp"
#include "actors/core/roster.hpp"
#include "actors/ports/machine.hpp"
#include "messages/interfaces.hpp"

namespace aerie::bench {

/// Guests without a world: each is up as soon as it is started.
class InstantDriver;

/// A controller's ledger, node and reaper with any number of sessions, each with its VM and stream,
/// on guests that exist in name only and a disk that forgets.
class ManySessions {
 public:
  /// `with_virtual_time`: actors run only in `settle`, and time passes only in `advance`; else they
  /// run as in the controller. `roster`: where they enter; null: nowhere.
  explicit ManySessions(bool with_virtual_time, std::shared_ptr<Roster> roster = nullptr);
  ManySessions(const ManySessions&) = delete;
  ManySessions& operator=(const ManySessions&) = delete;
  ~ManySessions();

  /// Creates so many more and returns when the last is ready.
  void create(std::size_t count);
  /// Lets virtual time pass, with all that becomes due in it.
  void advance(Duration time);

  [[nodiscard]] caf::actor_system& system() { return *system_; }
  [[nodiscard]] const Environment& environment() const { return *environment_; }
  /// The session of the `number`th guest, and the guest's voice.
  [[nodiscard]] const std::string& session(std::size_t number) const;
  [[nodiscard]] MachineReports& guest(std::size_t number) const;

 private:
  class Readiness;
  void settle();

  RosterConfig config_;
  std::unique_ptr<caf::actor_system> system_;
  EnvironmentPtr environment_;
  std::shared_ptr<InstantDriver> driver_;
  std::shared_ptr<Readiness> readiness_;
  std::vector<caf::actor> actors_;
  bool with_virtual_time_;
  std::size_t created_ = 0;
};

}  // namespace aerie::bench
