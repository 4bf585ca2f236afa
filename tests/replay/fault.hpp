#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "messages/cause.hpp"

namespace aerie::replay {

class Scene;

/// Where a fault is told.
enum class Surface {
  session,  ///< in `why`, the events, to the viewers and in the log
  answer,   ///< a wish that is refused: in the answer and the log; there is no session to ask about
  start,    ///< the controller refuses to start
};

/// One fault: what breaks, and what must be found.
struct Fault {
  std::string name;
  CauseKind kind = CauseKind::clean;
  std::string names;  ///< what the message must contain: the thing
  /// The children of the profile made for it.
  Json children = Json::array();
  /// Changes the scene before its controller starts.
  std::function<void(Scene&)> prepare;
  /// Plants it, once the controller serves, and marks the instant.
  std::function<void(Scene&)> plant;
  /// What has to pass until it is a fault at all: a deadline, a watchdog. Not counted.
  std::chrono::milliseconds due{0};
  Surface surface = Surface::session;
  std::string said;  ///< what the child's own log must contain; empty: nothing
};

/// Every kind that the process driver can meet, at least once.
[[nodiscard]] std::vector<Fault> catalogue();

// Its parts, by where things break.
[[nodiscard]] std::vector<Fault> faults_before_exec();
[[nodiscard]] std::vector<Fault> faults_of_programs();
[[nodiscard]] std::vector<Fault> faults_of_guests();
[[nodiscard]] std::vector<Fault> faults_of_hosts();
[[nodiscard]] std::vector<Fault> faults_of_networks();
[[nodiscard]] std::vector<Fault> faults_of_machines();

}  // namespace aerie::replay
