#include "runtime/drivers/process/oom_witness.hpp"

#include <catch2/catch.hpp>

using namespace aerie;
using link::ChildNews;
using link::ChildNewsKind;

namespace {

ExitRecord killed_child(const std::string& child) {
  ExitRecord exit;
  exit.child = child;
  exit.kind = CauseKind::signal;
  exit.signal = "SIGKILL";
  exit.message = child + " was ended by the signal SIGKILL.";
  exit.remedy = "Find who did.";
  return exit;
}

link::GuestMessage news(ChildNewsKind kind, const ExitRecord& exit) {
  ChildNews made;
  made.kind = kind;
  made.child = exit.child;
  if (kind == ChildNewsKind::exited) {
    made.exit = exit;
  } else {
    made.cause = cause_of(exit);
    made.detail = "'" + exit.child + "' is started again at once: " + exit.message;
  }
  return made;
}

}  // namespace

TEST_CASE("a SIGKILL is an OOM kill if the kernel counted one", "[oom]") {
  OomWitness witness;
  const auto exit = killed_child("browser");
  auto stranger = news(ChildNewsKind::exited, exit);
  witness.correct(stranger, 0);
  CHECK(std::get<ChildNews>(stranger).exit->kind == CauseKind::signal);

  auto counted = news(ChildNewsKind::exited, exit);
  witness.correct(counted, 1);
  CHECK(std::get<ChildNews>(counted).exit->kind == CauseKind::oom_kill);
  CHECK_THAT(std::get<ChildNews>(counted).exit->message, Catch::Contains("browser"));
  auto again = news(ChildNewsKind::restarting, exit);
  witness.correct(again, 1);
  CHECK(std::get<ChildNews>(again).cause->kind == CauseKind::oom_kill);
  CHECK_THAT(std::get<ChildNews>(again).detail, Catch::Contains("memory"));

  auto later = news(ChildNewsKind::exited, exit);
  witness.correct(later, 1);
  CHECK(std::get<ChildNews>(later).exit->kind == CauseKind::signal);
  auto no_longer = news(ChildNewsKind::restarting, exit);
  witness.correct(no_longer, 1);
  CHECK(std::get<ChildNews>(no_longer).cause->kind == CauseKind::signal);
}

TEST_CASE("a kill that was asked for, and another signal, stay what they are", "[oom]") {
  OomWitness witness;
  auto exit = killed_child("browser");
  exit.kind = CauseKind::killed;
  exit.by = "operator";
  auto asked = news(ChildNewsKind::exited, exit);
  witness.correct(asked, 1);
  CHECK(std::get<ChildNews>(asked).exit->kind == CauseKind::killed);
  exit.kind = CauseKind::signal;
  exit.signal = "SIGSEGV";
  auto fault = news(ChildNewsKind::exited, exit);
  witness.correct(fault, 1);
  CHECK(std::get<ChildNews>(fault).exit->signal == "SIGSEGV");
  CHECK(std::get<ChildNews>(fault).exit->kind == CauseKind::signal);
}

TEST_CASE("a crash loop of OOM kills says so", "[oom]") {
  OomWitness witness;
  const auto exit = killed_child("browser");
  auto counted = news(ChildNewsKind::exited, exit);
  witness.correct(counted, 1);
  const Cause loop{CauseKind::crash_loop,
                   "'browser' ended 6 times within 10000 ms, last: " + exit.message,
                   "Read the evidence.",
                   {"signal: " + exit.message}};
  link::GuestMessage finished = link::Finished{loop};
  witness.correct(finished, 1);
  const auto& cause = *std::get<link::Finished>(finished).cause;
  CHECK(cause.kind == CauseKind::crash_loop);
  CHECK_THAT(cause.message, Catch::Contains("memory"));
  CHECK_THAT(cause.evidence.front(), Catch::StartsWith("oom-kill: "));
}
