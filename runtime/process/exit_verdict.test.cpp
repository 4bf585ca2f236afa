#include "runtime/process/exit_verdict.hpp"

#include <catch2/catch.hpp>
#include <csignal>

using aerie::CauseKind;
using aerie::classify_exit;
using aerie::ExitContext;
using aerie::WaitStatus;
using How = aerie::WaitStatus::How;

namespace {

struct Row {
  const char* title;
  WaitStatus status;
  ExitContext context;
  CauseKind kind;
  const char* names;  ///< what the sentence must contain
};

ExitContext said(std::string line) {
  return {"browser", {}, false, {"before", std::move(line)}};
}

const ExitContext plain{"browser", {}, false, {}};
const ExitContext asked{"browser", "operator", false, {"Address already in use"}};
const ExitContext out_of_memory{"browser", {}, true, {}};

const Row rows[] = {
    {"a clean end", {How::exited, 0}, plain, CauseKind::clean, "code 0"},
    {"a code", {How::exited, 3}, plain, CauseKind::exit_code, "code 3"},
    {"a signal", {How::signaled, SIGSEGV}, plain, CauseKind::signal, "SIGSEGV"},
    {"a stranger's kill", {How::signaled, SIGKILL}, plain, CauseKind::signal, "SIGKILL"},
    {"our kill", {How::signaled, SIGKILL}, asked, CauseKind::killed, "operator"},
    {"our stop, obeyed", {How::exited, 0}, asked, CauseKind::killed, "operator"},
    {"our stop, grumbling", {How::exited, 1}, asked, CauseKind::killed, "code 1"},
    {"out of memory", {How::signaled, SIGKILL}, out_of_memory, CauseKind::oom_kill, "memory"},
    {"a fault beside an OOM kill of another",
     {How::signaled, SIGSEGV},
     out_of_memory,
     CauseKind::signal,
     "SIGSEGV"},
    {"a foreign CPU's code", {How::signaled, SIGILL}, plain, CauseKind::illegal_instruction, "CPU"},
    {"a library",
     {How::exited, 127},
     said("x: error while loading shared libraries: libgbm.so.1: cannot open shared object file: "
          "No such file or directory"),
     CauseKind::library_missing,
     "libgbm.so.1"},
    {"a shell's unknown command",
     {How::exited, 127},
     said("sh: 1: exec: chromium: not found"),
     CauseKind::exec_not_found,
     "the program chromium."},
    {"bash's unknown command",
     {How::exited, 127},
     said("bash: line 1: chromium: command not found"),
     CauseKind::exec_not_found,
     "the program chromium."},
    {"env's unknown command",
     {How::exited, 127},
     said("env: \u2018chromium\u2019: No such file or directory"),
     CauseKind::exec_not_found,
     "the program chromium."},
    {"a shell's forbidden command",
     {How::exited, 126},
     said("sh: 1: /opt/tool: Permission denied"),
     CauseKind::exec_not_executable,
     "/opt/tool."},
    {"a shell's foreign command",
     {How::exited, 126},
     said("bash: line 1: /opt/tool: cannot execute binary file: Exec format error"),
     CauseKind::exec_wrong_format,
     "/opt/tool "},
    {"the same words with another code",
     {How::exited, 1},
     said("my-server: /var/data: not found"),
     CauseKind::exit_code,
     "code 1"},
    {"a symbol version",
     {How::exited, 1},
     said("x: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by x)"),
     CauseKind::symbol_missing,
     "GLIBC_2.38"},
    {"a symbol",
     {How::exited, 127},
     said("x: symbol lookup error: /opt/lib/libz.so: undefined symbol: crc32_z_fast"),
     CauseKind::symbol_missing,
     "crc32_z_fast"},
    {"a port",
     {How::exited, 1},
     said("Error: listen EADDRINUSE: address already in use :::3000"),
     CauseKind::port_in_use,
     "3000"},
    {"a port without a number",
     {How::exited, 98},
     said("bind: Address already in use"),
     CauseKind::port_in_use,
     "its port"},
    {"a complaint before a clean end",
     {How::exited, 0},
     said("bind: Address already in use"),
     CauseKind::clean,
     "code 0"},
    {"a library's name in passing",
     {How::exited, 1},
     said("loaded libgbm.so.1"),
     CauseKind::exit_code,
     "code 1"},
};

}  // namespace

TEST_CASE("an end is named by its status, who asked, and the last words", "[exit]") {
  for (const auto& row : rows) {
    INFO(row.title);
    const auto verdict = classify_exit(row.status, row.context);
    CHECK(aerie::to_string(verdict.kind) == aerie::to_string(row.kind));
    CHECK_THAT(verdict.message, Catch::Contains(row.names) && Catch::Contains("browser"));
    CHECK(verdict.code.has_value() == (row.status.how == How::exited));
    CHECK(verdict.signal.has_value() == (row.status.how == How::signaled));
    CHECK_FALSE(verdict.remedy.value_or("").empty());
  }
}

TEST_CASE("a hostile last line costs no stack", "[exit]") {
  const auto verdict = classify_exit({How::exited, 1}, said(std::string(1 << 20, ':')));
  CHECK(verdict.kind == CauseKind::exit_code);
}

TEST_CASE("signals and errors have names both ways", "[exit]") {
  CHECK(aerie::signal_name(SIGTERM) == "SIGTERM");
  CHECK(aerie::signal_name(SIGRTMIN) == "SIGRTMIN+0");
  for (const auto* name : {"SIGTERM", "TERM", "15"})
    CHECK(aerie::signal_number(name) == SIGTERM);
  for (const auto* name : {"", "SIG", "0", "-9", "99", "KILLER"})
    CHECK_FALSE(aerie::signal_number(name));
  CHECK(aerie::errno_name(ENOENT) == "ENOENT");
}
