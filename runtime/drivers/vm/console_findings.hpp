#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"
#include "messages/states.hpp"

namespace aerie {

/// What a serial console tells about the machine behind it: how far it has come, and why it went no
/// further. Pure; fed with bytes of an untrusted guest, of which it keeps one line (4 KiB) and a
/// tail (50 lines).
class ConsoleFindings {
 public:
  /// What the bytes brought that was not known before.
  struct News {
    std::vector<Stage> stages;    ///< `kernel`, `userland`, each once
    std::optional<Cause> fault;   ///< the first one
    std::vector<int> oom_killed;  ///< pids, in the guest's numbering
  };
  News feed(std::string_view bytes);

  /// The first fault: `kernel-panic`, `root-missing`, `driver-missing`, `memory-too-small`,
  /// `image-corrupt` or what `aerie-init` says; its evidence are the last lines.
  [[nodiscard]] const std::optional<Cause>& fault() const { return fault_; }

  /// Damage that the kernel has reported and that may not be the end: names the cause where the
  /// guest falls silent.
  [[nodiscard]] const std::optional<Cause>& suspicion() const { return suspicion_; }

  /// The last whole lines, oldest first.
  [[nodiscard]] std::vector<std::string> tail() const { return {lines_.begin(), lines_.end()}; }

 private:
  void read_line(const std::string& line, News& news);
  void find_stage(const std::string& line, News& news);
  void find_fault(const std::string& line, News& news);

  std::string partial_;
  bool is_cut_ = false;  ///< the line goes on beyond what is kept of it
  std::deque<std::string> lines_;
  bool has_kernel_ = false;
  bool has_userland_ = false;
  std::optional<Cause> fault_;
  std::optional<Cause> suspicion_;
};

}  // namespace aerie
