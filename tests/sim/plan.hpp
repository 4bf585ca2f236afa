#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/time.hpp"

namespace aerie::sim {

/// What people do, and what goes wrong.
enum class Act {
  create,                    ///< a client asks for a session
  remove,                    ///< DELETE without force
  remove_forced,             ///< DELETE with force
  join,                      ///< a viewer connects; `number` is its character
  leave,                     ///< a viewer's socket closes
  hold,                      ///< an operator sets a hold
  clear,                     ///< an operator clears a hold
  child_crashes,             ///< and is restarted
  child_given_up,            ///< and the guest ends with it
  guest_exits,               ///< killed by a third party
  link_lost,                 ///< the guest runs on
  guest_is_mute,             ///< the next guest never speaks
  start_fails,               ///< the next guest's driver fails
  release_fails,             ///< the next release fails: quarantine
  disk_full,                 ///< for `number` ms
  disk_slow,                 ///< for `number` ms
  stall,                     ///< an actor of kind `number` gets no processor for a while
  session_dies,              ///< its actor throws
  reaper_dies,               ///< its actor throws
  controller_dies,           ///< now
  controller_dies_at_write,  ///< at the `number`th batch from now, before or after it is durable
  last = controller_dies_at_write,
};

/// One thing that happens, at a time that does not depend on the others.
struct Operation {
  Duration at{0};  ///< since the beginning of the history
  Act act = Act::create;
  std::uint64_t target = 0;  ///< which session, guest or viewer, modulo those there are
  std::uint64_t number = 0;

  friend bool operator==(const Operation&, const Operation&) = default;
};

/// All that decides a history.
struct Plan {
  std::uint64_t schedule = 0;  ///< seed of the order in which actors run; 0: in order of arrival
  std::size_t warm = 0;        ///< guests of the pool
  std::vector<Operation> operations;
};

/// The plan of a seed, 1 and up.
[[nodiscard]] Plan make_plan(std::uint64_t seed);

/// One line: `12.034 s  controller dies at write 3, before it is durable`.
[[nodiscard]] std::string describe(const Operation& operation);

/// Kinds of actors that a `stall` may meet, by its number.
[[nodiscard]] const char* stalled_kind(std::uint64_t number);

}  // namespace aerie::sim
