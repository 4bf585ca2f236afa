#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "runtime/process/process.hpp"
#include "runtime/process/reactor.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/temporary_directory.hpp"

namespace aerie::test {

struct TerminalOptions {
  int width = 80;   ///< columns
  int height = 24;  ///< lines
  std::string term = "tmux-256color";
};

/// A program in a real terminal emulator, a tmux of its own, as a person sees and uses it. Nothing
/// is polled: tmux tells of each output (control mode, tmux(1)). All processes and files are gone
/// when it is. Used from one thread. Failures throw `std::runtime_error` with what is to be seen.
class Terminal {
 public:
  /// `command` is for sh(1). After its end the terminal says `ended with STATUS`.
  explicit Terminal(const std::string& command, TerminalOptions options = {});
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();

  /// Types a text.
  void type(const std::string& text);
  /// Presses a key by tmux's name: `Enter`, `Down`, `C-c`, `Tab`.
  void press(const std::string& key);
  void resize(int width, int height);

  /// What is to be seen, a line a row, without trailing blanks.
  [[nodiscard]] std::vector<std::string> lines();
  /// The same as one text, with escape codes for colours and attributes.
  [[nodiscard]] std::string styled();
  /// Waits until a text is to be seen, and returns the lines.
  std::vector<std::string> wait_for(const std::string& text,
                                    std::chrono::milliseconds within = patience);
  /// Waits until a text is no longer to be seen.
  std::vector<std::string> wait_without(const std::string& text,
                                        std::chrono::milliseconds within = patience);

 private:
  std::vector<std::string> wait_until(const std::string& text, bool is_there,
                                      std::chrono::milliseconds within);
  /// Runs a command of tmux and returns its output's lines.
  std::vector<std::string> run(const std::string& command);
  std::string next_line(const Deadline& deadline);

  TemporaryDirectory folder_;
  Reactor reactor_;
  std::unique_ptr<Process> process_;
  UniqueFd commands_;
  UniqueFd answers_;
  std::string buffer_;
  bool has_changed_ = true;
};

/// True where one of the lines contains the text.
[[nodiscard]] bool shows(const std::vector<std::string>& lines, const std::string& text);

}  // namespace aerie::test
