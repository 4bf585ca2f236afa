#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "messages/link.hpp"

namespace aerie {

/// A guest sees no cgroup: to it a child that the kernel killed for its memory was ended by some
/// SIGKILL. This corrects what it says, by the count that the host reads.
class OomWitness {
 public:
  /// `kills`: how often the kernel's OOM killer has struck in the guest's cgroup so far. An exit by
  /// SIGKILL that nobody asked for becomes `oom-kill` if it struck since the last one; so do the
  /// supervisor's decisions that quote that exit.
  void correct(link::GuestMessage& message, std::uint64_t kills);

  /// So many kills were told of before, by an earlier controller.
  void begin_at(std::uint64_t kills) { seen_ = kills; }

 private:
  /// What the guest said of an exit, and what it was.
  struct Correction {
    std::string said;
    ExitRecord exit;
  };

  void judge(ExitRecord& exit, std::uint64_t kills);
  void quote(Cause& cause) const;

  std::uint64_t seen_ = 0;
  std::map<std::string, Correction> corrections_;  ///< by child: of its last exit
};

}  // namespace aerie
