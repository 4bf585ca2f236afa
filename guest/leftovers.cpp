#include "guest/leftovers.hpp"

#include <array>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <string_view>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "runtime/process/handshake.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::guest {
namespace {

constexpr std::string_view variable_name = "AERIE_CHILD";
/// Long enough that a replacement has begun, too short to be noticed.
constexpr Duration after_the_restart{10};
constexpr std::size_t most_environment = 128 * 1024;
/// Against a child that forks faster than it is hunted; the guest's own end takes the rest.
constexpr int most_sweeps = 100;

std::optional<pid_t> pid_in(std::string_view name) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

/// Empty where there is none, or we may not look.
std::string environment_of(pid_t pid) {
  const UniqueFd fd{
      ::open(("/proc/" + std::to_string(pid) + "/environ").c_str(), O_RDONLY | O_CLOEXEC)};
  std::string text{'\0'};
  std::array<char, 4096> buffer;
  while (fd && text.size() < most_environment) {
    const auto count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

/// The value of our variable in a process's environment.
std::string mark_in(const std::string& environment) {
  const auto key = std::string{'\0'} + std::string{variable_name} + "=";
  const auto found = environment.find(key);
  if (found == std::string::npos) return {};
  const auto begin = found + key.size();
  return environment.substr(begin, environment.find('\0', begin) - begin);
}

}  // namespace

Leftovers::Leftovers(Reactor& reactor, std::function<bool(const std::string&)> is_running)
    : reactor_(reactor),
      is_running_(std::move(is_running)),
      ours_(random_hex().substr(0, 16) + "/") {}

std::pair<std::string, std::string> Leftovers::variable(const std::string& child,
                                                        std::uint64_t number) const {
  return {std::string{variable_name}, ours_ + child + "/" + std::to_string(number)};
}

void Leftovers::sweep_soon() {
  if (timer_.sequence != 0) return;
  timer_ = reactor_.after(after_the_restart, [this, weak = std::weak_ptr<bool>{alive_}] {
    if (weak.expired()) return;
    timer_ = {};
    if (sweep() > 0) sweep_soon();
  });
}

void Leftovers::sweep_now() {
  reactor_.cancel(std::exchange(timer_, {}));
  for (int i = 0; i < most_sweeps && sweep() > 0; ++i) {
  }
}

std::size_t Leftovers::sweep() {
  std::size_t killed = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc", ignored}) {
    const auto pid = pid_in(entry.path().filename().native());
    if (!pid || *pid == ::getpid()) continue;
    // First held, then looked at: a number that is given anew in between hits nobody.
    const UniqueFd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0))};
    if (!pidfd) continue;
    const auto mark = mark_in(environment_of(*pid));
    if (!mark.starts_with(ours_) || is_running_(mark)) continue;
    if (::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0) == 0) ++killed;
  }
  return killed;
}

}  // namespace aerie::guest
