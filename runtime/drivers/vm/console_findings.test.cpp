#include "runtime/drivers/vm/console_findings.hpp"

#include <catch2/catch.hpp>

using aerie::CauseKind;
using aerie::ConsoleFindings;
using aerie::Stage;

namespace {

/// The kind found in a console that ends with this line; `clean` where none is.
CauseKind found(const std::string& line) {
  ConsoleFindings findings;
  findings.feed("[    0.000000] Linux version 6.1.0\r\n[    1.0] " + line + "\r\n");
  return findings.fault() ? findings.fault()->kind : CauseKind::clean;
}

}  // namespace

TEST_CASE("a console shows how far a machine has come", "[vm][console]") {
  ConsoleFindings findings;
  CHECK(findings.feed("SeaBIOS\r\n[    0.000000] Linux ver").stages.empty());
  CHECK(findings.feed("sion 6.1.0 (x)\r\n").stages == std::vector{Stage::kernel});
  const auto news = findings.feed(
      "[    1.5] Run /init as init process\naerie-init: user space begins\n[    0.0] Linux version "
      "7\n");
  CHECK(news.stages == std::vector{Stage::userland});
  CHECK_FALSE(news.fault);
  CHECK(findings.tail() ==
        std::vector<std::string>{"SeaBIOS", "Linux version 6.1.0 (x)", "Run /init as init process",
                                 "aerie-init: user space begins", "Linux version 7"});
}

TEST_CASE("a console names why a machine went no further", "[vm][console]") {
  CHECK(found("Kernel panic - not syncing: sysrq triggered crash") == CauseKind::kernel_panic);
  CHECK(found("Kernel panic - not syncing: System is deadlocked on memory") ==
        CauseKind::memory_too_small);
  CHECK(found("Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)") ==
        CauseKind::root_missing);
  CHECK(found("aerie-init: fault driver-missing: The disk /dev/vda has no driver.") ==
        CauseKind::driver_missing);
  CHECK(found("aerie-init: fault clean: All is well.") == CauseKind::clean);
  CHECK(found("aerie-init: fault killed: A guest can't say that.") == CauseKind::clean);
  CHECK(found("systemd[1]: Started.") == CauseKind::clean);
  CHECK(found("Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b") ==
        CauseKind::kernel_panic);
}

TEST_CASE("the first fault counts, with the lines before it", "[vm][console]") {
  ConsoleFindings findings;
  const auto news = findings.feed(
      "[1.0] SQUASHFS error: zlib decompression failed\n"
      "[1.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000007\n"
      "[1.2] Kernel panic - not syncing: sysrq triggered crash\n");
  REQUIRE(news.fault);
  CHECK(news.fault->kind == CauseKind::image_corrupt);
  CHECK(news.fault->message.find("SQUASHFS error") != std::string::npos);
  CHECK(news.fault->evidence.size() == 2);
  CHECK(findings.suspicion()->kind == CauseKind::image_corrupt);
}

TEST_CASE("a console's bytes are bounded and can't move a cursor", "[vm][console]") {
  ConsoleFindings findings;
  findings.feed(std::string(100'000, 'x'));
  findings.feed("\n\x1b[2Jhello\n");
  for (int i = 0; i < 100; ++i)
    findings.feed("line " + std::to_string(i) + "\n");
  CHECK(findings.tail().size() == 50);
  CHECK(findings.tail().front() == "line 50");
  ConsoleFindings other;
  other.feed(std::string(100'000, 'x') + "\n\x1b[2Jhello\n");
  REQUIRE(other.tail().size() == 2);
  CHECK(other.tail()[0].size() == 4096);
  CHECK(other.tail()[1] == " [2Jhello");
}

TEST_CASE("who was killed for memory in the guest is told by its number", "[vm][console]") {
  ConsoleFindings findings;
  const auto news =
      findings.feed("[9.1] Out of memory: Killed process 117 (xterm) total-vm:1kB, anon-rss:2kB\n");
  CHECK(news.oom_killed == std::vector{117});
  CHECK_FALSE(news.fault);
}
