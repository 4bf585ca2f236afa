#pragma once

#include <memory>
#include <string>

#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"

namespace aerie::bench {

/// An X server of the benchmark's own, which `DISPLAY` names while it lives.
class Display {
 public:
  static constexpr int width = 1280;
  static constexpr int height = 720;

  /// Waits until the server says that it takes clients. Throws when it does not.
  Display();
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;
  ~Display();

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] pid_t pid() const { return process_->pid(); }

 private:
  Reactor reactor_;
  std::unique_ptr<Process> process_;
  std::string name_;
};

}  // namespace aerie::bench
