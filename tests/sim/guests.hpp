#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/ports/machine.hpp"
#include "tests/sim/agenda.hpp"
#include "tests/sim/random.hpp"

namespace aerie::sim {

class Judge;

/// A guest and what it holds on the host. It lives on when its controller dies.
struct Guest {
  MachineSpec spec;
  std::set<std::string> held;  ///< kinds of resources that exist
  std::set<std::string> children;
  bool runs = false;
  bool has_ended = false;
  bool speaks = true;
  bool is_linked = false;
  bool is_stopping = false;
  int restarts = 0;
  std::shared_ptr<MachineReports> reports;  ///< of the controller that is; null: nobody listens
  Instant busy_until{};                     ///< what it says comes in order
};

/// The host's guests, behind a driver.
class Guests {
 public:
  Guests(Agenda& agenda, Judge& judge, Random random)
      : agenda_(agenda), judge_(judge), random_(random) {}

  /// The driver of a new controller.
  [[nodiscard]] std::shared_ptr<Driver> open();
  /// The controller has died: nobody listens to the guests, nobody's orders reach them.
  void close();

  [[nodiscard]] const std::map<std::string, Guest>& all() const { return guests_; }
  /// The `number`th guest that runs, modulo their count; null: none does.
  [[nodiscard]] Guest* running(std::uint64_t number);

  // What goes wrong.
  void crash_child(Guest& guest, std::uint64_t number);
  void give_up_child(Guest& guest, std::uint64_t number);
  void end(Guest& guest, CauseKind kind);
  void lose_link(Guest& guest);
  void mute_next() { is_next_mute_ = true; }
  void fail_next_start() { fails_next_start_ = true; }
  void fail_next_release() { fails_next_release_ = true; }
  void heal();

 private:
  class SimulatedDriver;
  class SimulatedMachine;

  // What the controller asks for.
  void start(const std::string& vm);
  void adopt(const std::string& vm);
  void order(const std::string& vm, const link::HostMessage& message);
  void kill(const std::string& vm);
  void release(const std::string& vm, const Resource& resource);
  void survey(std::function<void(std::vector<Orphan> machines)> found);

  void begin(Guest& guest);
  void connect(Guest& guest);
  void stop(Guest& guest);
  void say(Guest& guest, link::GuestMessage message);
  void tell_child(Guest& guest, link::ChildNewsKind kind, const std::string& child);
  /// After a while, and after all that this guest has still to do.
  void then(Guest& guest, Duration least, Duration most, std::function<void(Guest&)> task);

  Agenda& agenda_;
  Judge& judge_;
  Random random_;
  std::uint64_t life_ = 0;
  std::map<std::string, Guest> guests_;
  std::int64_t next_pid_ = 100;
  bool is_next_mute_ = false;
  bool fails_next_start_ = false;
  bool fails_next_release_ = false;
};

}  // namespace aerie::sim
