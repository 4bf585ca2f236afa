#include "tests/support/terminal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace aerie::test {
namespace {

std::array<UniqueFd, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw std::system_error(errno, std::generic_category(), "no pipe for tmux");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text)
    result += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return result + "'";
}

}  // namespace

bool shows(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

Terminal::Terminal(const std::string& command, TerminalOptions options) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto settings = (folder_.path() / "tmux.conf").string();
  const auto script = (folder_.path() / "run.sh").string();
  // Without its client the server ends, whatever becomes of this process.
  std::ofstream{settings} << "set -g default-terminal " << options.term
                          << "\nset -g status off\nset -g escape-time 0\n"
                             "set -g destroy-unattached on\n"
                          << "set -g default-size " << options.width << "x" << options.height
                          << "\n";
  std::ofstream{script} << command << "\necho ended with $?\nread line\n";
  auto input = make_pipe();
  auto output = make_pipe();
  SpawnRequest request;
  const auto socket = (folder_.path() / "tmux.sock").string();
  request.argv = {"sh", "-c",
                  "exec tmux -u -S " + quoted(socket) + " -f " + quoted(settings) +
                      " -C new-session " + quoted("exec sh " + quoted(script)) + " <&3 >&4"};
  const char* path = std::getenv("PATH");
  request.env = {{"PATH", path == nullptr ? "/usr/bin:/bin" : path},
                 {"HOME", folder_.path().string()},
                 {"LANG", "C.UTF-8"},
                 {"SHELL", "/bin/sh"}};
  request.fds = {{input[0].get(), 3}, {output[1].get(), 4}};
  request.parent_death_signal = SIGKILL;
  std::string failure;
  reactor_.call([&] {
    auto started = Process::start(reactor_, "tmux", request, {});
    if (started)
      process_ = std::move(*started);
    else
      failure = started.error().message;
  });
  if (!failure.empty()) throw std::runtime_error("tmux did not start: " + failure);
  commands_ = std::move(input[1]);
  answers_ = std::move(output[0]);
  output[1].reset();
  (void)run("display-message -p here");
}

Terminal::~Terminal() {
  try {
    (void)run("kill-server");
  } catch (const std::exception&) {
    // It is gone already, and its end of the pipe with it.
  }
  reactor_.call([this] { process_.reset(); });
}

void Terminal::type(const std::string& text) {
  (void)run("send-keys -l " + quoted(text));
}

void Terminal::press(const std::string& key) {
  (void)run("send-keys " + quoted(key));
}

void Terminal::resize(int width, int height) {
  (void)run("resize-window -x " + std::to_string(width) + " -y " + std::to_string(height));
}

std::vector<std::string> Terminal::lines() {
  return run("capture-pane -p");
}

std::string Terminal::styled() {
  std::string text;
  for (const auto& line : run("capture-pane -p -e"))
    text += line + "\n";
  return text;
}

std::vector<std::string> Terminal::wait_for(const std::string& text,
                                            std::chrono::milliseconds within) {
  return wait_until(text, true, within);
}

std::vector<std::string> Terminal::wait_without(const std::string& text,
                                                std::chrono::milliseconds within) {
  return wait_until(text, false, within);
}

std::vector<std::string> Terminal::wait_until(const std::string& text, bool is_there,
                                              std::chrono::milliseconds within) {
  const Deadline deadline(within);
  for (;;) {
    has_changed_ = false;
    auto seen = lines();
    if (shows(seen, text) == is_there) return seen;
    try {
      while (!has_changed_)
        if (next_line(deadline).starts_with("%output")) has_changed_ = true;
    } catch (const std::exception& error) {
      std::string picture;
      for (const auto& line : seen)
        picture += "\n| " + line;
      throw std::runtime_error("waited in vain " +
                               std::string(is_there ? "for" : "for the end of") + " '" + text +
                               "' (" + error.what() + "):" + picture);
    }
  }
}

std::vector<std::string> Terminal::run(const std::string& command) {
  const auto line = command + "\n";
  if (::write(commands_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw std::runtime_error("tmux takes no commands any more");
  const Deadline deadline(patience);
  // The last number of `%begin TIME NUMBER FLAGS` is 1 for what this client asked for.
  std::string head;
  do {
    head = next_line(deadline);
    if (head.starts_with("%output")) has_changed_ = true;
  } while (!(head.starts_with("%begin") && head.ends_with(" 1")));
  std::vector<std::string> output;
  for (;;) {
    auto next = next_line(deadline);
    if (next.starts_with("%end ")) return output;
    if (next.starts_with("%error "))
      throw std::runtime_error("tmux refused '" + command + "'" +
                               (output.empty() ? "" : ": " + output.front()));
    output.push_back(std::move(next));
  }
}

std::string Terminal::next_line(const Deadline& deadline) {
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != std::string::npos) {
      auto line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      return line;
    }
    pollfd waited{answers_.get(), POLLIN, 0};
    const auto ready = ::poll(&waited, 1, static_cast<int>(deadline.left().count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) throw std::runtime_error("nothing came in time");
    std::array<char, 16 * 1024> chunk{};
    const auto count = ::read(answers_.get(), chunk.data(), chunk.size());
    if (count <= 0) throw std::runtime_error("tmux has ended");
    buffer_.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace aerie::test
