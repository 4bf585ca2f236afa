#include "runtime/process/spawn.hpp"

#include <catch2/catch.hpp>
#include <elf.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/process/exec_diagnosis.hpp"
#include "runtime/process/temporary_directory.hpp"

using aerie::CauseKind;
using aerie::spawn;
using aerie::SpawnRequest;
using aerie::testing::TemporaryDirectory;

namespace {

/// Everything the child writes to standard output, after its end.
std::string output_of(const SpawnRequest& request) {
  auto child = spawn(request);
  REQUIRE(child);
  siginfo_t info{};
  REQUIRE(::waitid(P_PIDFD, static_cast<id_t>(child->pidfd.get()), &info, WEXITED) == 0);
  std::string text(64 * 1024, '\0');
  const auto count = ::read(child->out.get(), text.data(), text.size());
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return text;
}

SpawnRequest shell(const std::string& script) {
  SpawnRequest request;
  request.argv = {"/bin/sh", "-c", script};
  return request;
}

aerie::SpawnFailure failure_of(const std::string& program) {
  SpawnRequest request;
  request.argv = {program};
  auto child = spawn(request);
  REQUIRE_FALSE(child);
  return child.error();
}

void write_program(const std::string& path, const std::string& bytes, mode_t mode = 0755) {
  std::ofstream{path, std::ios::binary} << bytes;
  REQUIRE(::chmod(path.c_str(), mode) == 0);
}

std::string bytes_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("a child gets exactly what the request names", "[spawn]") {
  auto request = shell("echo $# $0 \"$GREETING\" \"$HOME\" \"$(pwd)\"; cat <&0; ls /proc/$$/fd");
  request.env = {{"GREETING", "two words"}, {"PATH", "/usr/bin:/bin"}};
  request.cwd = "/usr";
  CHECK(output_of(request) == "0 /bin/sh two words  /usr\n0\n1\n2\n");
}

TEST_CASE("descriptors go where they are wanted, even crosswise", "[spawn]") {
  int first[2];
  int second[2];
  REQUIRE(::pipe2(first, O_CLOEXEC) == 0);
  REQUIRE(::pipe2(second, O_CLOEXEC) == 0);
  const aerie::UniqueFd ends[] = {aerie::UniqueFd{first[0]}, aerie::UniqueFd{first[1]},
                                  aerie::UniqueFd{second[0]}, aerie::UniqueFd{second[1]}};
  REQUIRE(::write(first[1], "first\n", 6) == 6);
  REQUIRE(::write(second[1], "second\n", 7) == 7);
  auto request = shell("head -n 1 <&" + std::to_string(first[0]) + "; head -n 1 <&" +
                       std::to_string(second[0]));
  request.env = {{"PATH", "/usr/bin:/bin"}};
  request.fds = {{second[0], first[0]}, {first[0], second[0]}};
  if (first[0] < 10 && second[0] < 10)  // the shell's own limit for redirections
    CHECK(output_of(request) == "second\nfirst\n");
}

TEST_CASE("a child leads a session, and no signal stays blocked or ignored", "[spawn]") {
  ::signal(SIGPIPE, SIG_IGN);
  auto request = shell("grep -E 'Sig(Blk|Ign)' /proc/self/status; cut -d' ' -f1,5,6 /proc/$$/stat");
  request.env = {{"PATH", "/usr/bin:/bin"}};
  const auto text = output_of(request);
  ::signal(SIGPIPE, SIG_DFL);
  CHECK_THAT(text, Catch::StartsWith("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"));
  const auto ids = text.substr(text.rfind('\t') + 1).substr(17);
  const auto pid = ids.substr(0, ids.find(' '));
  CHECK(ids == pid + " " + pid + " " + pid + "\n");
}

TEST_CASE("privileges are dropped with all groups", "[spawn]") {
  if (::geteuid() != 0) return;
  auto request = shell("id -u; id -g; id -G");
  request.env = {{"PATH", "/usr/bin:/bin"}};
  request.identity = {54321, 54322};
  CHECK(output_of(request) == "54321\n54322\n54322\n");
}

TEST_CASE("a program that cannot start is named with its reason", "[spawn]") {
  const TemporaryDirectory directory;
  const auto path = [&](const char* name) { return directory.path() + "/" + name; };

  SECTION("nothing there") {
    const auto failure = failure_of(path("absent"));
    CHECK(failure.cause.kind == CauseKind::exec_not_found);
    CHECK(failure.errno_name == "ENOENT");
    CHECK_THAT(failure.cause.message, Catch::Contains(path("absent")));
  }
  SECTION("a name that is nowhere in PATH") {
    const auto failure = failure_of("aerie-no-such-program");
    CHECK(failure.cause.kind == CauseKind::exec_not_found);
    CHECK_THAT(failure.cause.message, Catch::Contains("/usr/bin"));
  }
  SECTION("no execute permission") {
    write_program(path("plain"), "#!/bin/sh\n", 0644);
    const auto failure = failure_of(path("plain"));
    CHECK(failure.cause.kind == CauseKind::exec_not_executable);
    CHECK(failure.errno_name == "EACCES");
    CHECK_THAT(failure.cause.remedy, Catch::Contains("chmod +x"));
  }
  SECTION("a directory") {
    const auto failure = failure_of(directory.path());
    CHECK(failure.cause.kind == CauseKind::exec_not_executable);
    CHECK_THAT(failure.cause.message, Catch::Contains("directory"));
  }
  SECTION("a script without an interpreter line, and an empty file") {
    write_program(path("text"), "echo hello\n");
    write_program(path("empty"), "");
    CHECK(failure_of(path("text")).cause.kind == CauseKind::exec_wrong_format);
    const auto failure = failure_of(path("empty"));
    CHECK(failure.cause.kind == CauseKind::exec_wrong_format);
    CHECK_THAT(failure.cause.message, Catch::Contains("empty"));
  }
  SECTION("a script whose interpreter is missing") {
    write_program(path("script"), "#! /opt/no/python3 -u\n");
    const auto failure = failure_of(path("script"));
    CHECK(failure.cause.kind == CauseKind::interpreter_missing);
    CHECK_THAT(failure.cause.message, Catch::Contains("/opt/no/python3"));
    write_program(path("dos"), "#!/bin/sh\r\n");
    CHECK_THAT(failure_of(path("dos")).cause.remedy, Catch::Contains("line ends"));
  }
  SECTION("a program whose loader is missing") {
    auto bytes = bytes_of("/bin/true");
    const auto at = bytes.find("/lib64/ld-linux");
    if (at != std::string::npos) {
      bytes.replace(at, 6, "/lib00");
      write_program(path("foreign"), bytes);
      const auto failure = failure_of(path("foreign"));
      CHECK(failure.cause.kind == CauseKind::loader_missing);
      CHECK_THAT(failure.cause.message, Catch::Contains("/lib00/ld-linux"));
    }
  }
  SECTION("a program of another machine") {
    auto bytes = bytes_of("/bin/true");
    bytes[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_RISCV);
    bytes[offsetof(Elf64_Ehdr, e_machine) + 1] = 0;
    write_program(path("riscv"), bytes);
    const auto failure = failure_of(path("riscv"));
    CHECK(failure.cause.kind == CauseKind::exec_wrong_format);
    CHECK_THAT(failure.cause.message, Catch::Contains("RISC-V"));
  }
  SECTION("a step before exec") {
    auto request = shell("true");
    request.cwd = path("nowhere");
    const auto child = spawn(request);
    REQUIRE_FALSE(child);
    CHECK(child.error().cause.kind == CauseKind::sandbox_failed);
    CHECK_THAT(child.error().cause.message, Catch::Contains("nowhere"));
  }
}

TEST_CASE("a file that is shorter than its headers say is noticed", "[spawn]") {
  const TemporaryDirectory directory;
  const auto bytes = bytes_of("/bin/true");
  write_program(directory.path() + "/whole", bytes);
  write_program(directory.path() + "/cut", bytes.substr(0, bytes.size() / 2));
  CHECK_FALSE(aerie::is_cut_short(directory.path() + "/whole"));
  CHECK(aerie::is_cut_short(directory.path() + "/cut"));
  CHECK_FALSE(aerie::is_cut_short("/etc/passwd"));
  CHECK_FALSE(aerie::is_cut_short("/nowhere"));
}
