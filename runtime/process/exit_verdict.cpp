#include "runtime/process/exit_verdict.hpp"

#include <csignal>
#include <cstring>
#include <regex>

namespace aerie {
namespace {

using enum CauseKind;

/// What a program's last words say, from dynamic loaders and servers of many makes.
struct LastWords {
  CauseKind kind;
  std::string what;
  std::string remedy;
};

std::optional<LastWords> missing_library(const std::string& line) {
  static const std::regex pattern{
      R"(error while loading shared libraries: ([^\s:]+): (?:cannot open|.*file too short|.*invalid ELF))"};
  std::smatch match;
  if (!std::regex_search(line, match, pattern)) return std::nullopt;
  const auto library = match[1].str();
  return LastWords{library_missing, "the library " + library + " could not be loaded",
                   "Install the package that contains " + library + " in the guest."};
}

std::optional<LastWords> missing_symbol(const std::string& line) {
  static const std::regex version{R"(([^\s:]+): version [`']([^']+)' not found)"};
  static const std::regex symbol{
      R"((?:symbol lookup error: ([^\s:]+): )?undefined symbol: ([^\s,]+))"};
  std::smatch match;
  if (std::regex_search(line, match, version))
    return LastWords{
        symbol_missing, match[1].str() + " lacks the version " + match[2].str(),
        "Use a build of the program for this system, or a newer " + match[1].str() + "."};
  if (std::regex_search(line, match, symbol))
    return LastWords{symbol_missing,
                     "the symbol " + match[2].str() + " is in none of its libraries",
                     "Install the versions of its libraries that the program was built against."};
  return std::nullopt;
}

std::optional<LastWords> taken_port(const std::string& line) {
  static const std::regex words{"address already in use|EADDRINUSE", std::regex::icase};
  static const std::regex number{R"((?::|port\s+)(\d{1,5})\b)", std::regex::icase};
  if (!std::regex_search(line, words)) return std::nullopt;
  std::smatch match;
  const auto port = std::regex_search(line, match, number) ? "the port " + match[1].str()
                                                           : std::string{"its port"};
  return LastWords{port_in_use, port + " is in use already",
                   "End the program that listens on " + port + ", or give this one another."};
}

/// Without the typographic quotes that GNU's programs put around a name.
std::string unquoted(std::string name) {
  constexpr std::string_view opening = "\u2018";
  constexpr std::string_view closing = "\u2019";
  if (name.starts_with(opening)) name.erase(0, opening.size());
  if (name.ends_with(closing)) name.erase(name.size() - closing.size());
  return name;
}

/// What a shell or env(1) says of a command that it could not start. Only with the codes that
/// POSIX (XCU 2.8.2) keeps for that are these words no program's own.
std::optional<LastWords> unstarted_command(const std::string& line, int code) {
  static const std::regex unknown{
      R"(([^\s:'"`]+)'?: (?:command not found|not found|No such file or directory)$)"};
  static const std::regex forbidden{R"(([^\s:'"`]+)'?: Permission denied$)"};
  static const std::regex format{R"(([^\s:'"`]+)'?: (?:cannot execute.*: )?Exec format error$)"};
  std::smatch match;
  if (code == 127 && std::regex_search(line, match, unknown)) {
    const auto program = unquoted(match[1].str());
    return LastWords{exec_not_found, "it did not find the program " + program,
                     "Install " + program + " in the guest, or correct its name or PATH."};
  }
  if (code == 126 && std::regex_search(line, match, forbidden)) {
    const auto program = unquoted(match[1].str());
    return LastWords{exec_not_executable, "it may not execute " + program,
                     "Give " + program + " the permission to be executed (chmod +x)."};
  }
  if (code == 126 && std::regex_search(line, match, format)) {
    const auto program = unquoted(match[1].str());
    return LastWords{exec_wrong_format, program + " is no program for this machine",
                     "Use a build of " + program + " for this machine."};
  }
  return std::nullopt;
}

/// The latest line that says something decides.
std::optional<LastWords> last_words(const std::vector<std::string>& tail, int code) {
  for (auto line = tail.rbegin(); line != tail.rend(); ++line) {
    const auto text = line->substr(0, 1024);  // std::regex recurses by the length of its input
    for (const auto read : {missing_library, missing_symbol, taken_port})
      if (auto words = read(text)) return words;
    if (auto words = unstarted_command(text, code)) return words;
  }
  return std::nullopt;
}

std::string in_words(WaitStatus status) {
  if (status.how == WaitStatus::How::exited)
    return "exited with code " + std::to_string(status.value);
  return "was ended by the signal " + signal_name(status.value);
}

std::string signal_remedy(int number) {
  switch (number) {
    case SIGSEGV:
    case SIGBUS:
    case SIGABRT:
    case SIGFPE:
    case SIGTRAP:
      return "It is a fault of the program itself: read its last lines, or run it under a "
             "debugger.";
    case SIGSYS:
      return "A system call was forbidden by a seccomp filter: allow it, or switch the filter off.";
    case SIGXCPU:
    case SIGXFSZ:
      return "Raise the resource limit that it ran into (setrlimit).";
    default:
      return "Nobody of ours sent it: find who did, within the guest or on the host.";
  }
}

}  // namespace

ExitVerdict classify_exit(WaitStatus status, const ExitContext& context) {
  const bool exited = status.how == WaitStatus::How::exited;
  ExitVerdict verdict;
  if (exited)
    verdict.code = status.value;
  else
    verdict.signal = signal_name(status.value);
  const auto end = context.child + " " + in_words(status);
  const auto say = [&](CauseKind kind, std::string message, std::optional<std::string> remedy) {
    verdict.kind = kind;
    verdict.message = std::move(message);
    verdict.remedy = std::move(remedy);
    return verdict;
  };

  if (context.asked_by)
    return say(killed, end + ", as " + *context.asked_by + " asked.",
               "Nothing has to be done: it was ended on purpose.");
  if (exited && status.value == 0)
    return say(clean, end + ".",
               "Nothing has failed; if it should run on, let its command stay in the foreground.");
  if (!exited && status.value == SIGKILL && context.oom_killed)
    return say(oom_kill, end + ", sent by the kernel because its memory was used up.",
               "Raise resources.memoryMiB of the profile, or give the program less to do.");
  if (!exited && status.value == SIGILL)
    return say(illegal_instruction, end + ": this CPU does not know one of its instructions.",
               "Use a build of the program for this machine's CPU (see /proc/cpuinfo).");
  if (const auto words = last_words(context.tail, exited ? status.value : 0))
    return say(words->kind, end + ": " + words->what + ".", words->remedy);
  if (exited) return say(exit_code, end + ".", "Read its last lines: they say what it missed.");
  return say(CauseKind::signal, end + ".", signal_remedy(status.value));
}

std::string signal_name(int number) {
  if (number >= SIGRTMIN && number <= SIGRTMAX)
    return "SIGRTMIN+" + std::to_string(number - SIGRTMIN);
  const char* name = ::sigabbrev_np(number);
  return "SIG" + (name != nullptr ? std::string{name} : std::to_string(number));
}

std::optional<int> signal_number(const std::string& name) {
  for (int number = 1; number < NSIG; ++number) {
    const auto known = signal_name(number);
    if (name == known || "SIG" + name == known || name == std::to_string(number)) return number;
  }
  return std::nullopt;
}

std::string errno_name(int number) {
  const char* name = ::strerrorname_np(number);
  return name != nullptr ? name : "errno " + std::to_string(number);
}

}  // namespace aerie
