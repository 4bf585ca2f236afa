#include "runtime/preflight/preflight.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preflight_fixtures.hpp"
#include "runtime/process/temporary_directory.hpp"

using namespace aerie;
using aerie::testing::TemporaryDirectory;
using preflight::FileRoot;
using preflight::Preflight;
using preflight::Report;
using preflight::Request;

namespace {

namespace fs = std::filesystem;
using Environment = std::vector<std::pair<std::string, std::string>>;

constexpr const char* loader = "/lib64/ld-linux-x86-64.so.2";
constexpr const char* libraries = "/lib/x86_64-linux-gnu";

/// A small root file system: the loader, the C library, a shell, the fixtures' programs in /bin.
class Root {
 public:
  Root() {
    for (const auto* name : {"/bin", "/etc", "/lib64", libraries, "/private", "/proc", "/tmp"})
      fs::create_directories(path(name));
    copy(loader, loader);
    copy(std::string{libraries} + "/libc.so.6", std::string{libraries} + "/libc.so.6");
    copy("/bin/dash", "/bin/sh");
    copy("/usr/bin/env", "/bin/env");
    for (const auto* name : {"program", "program-new", "program-old", "middle-new", "middle-old"})
      copy(fixture("bin/" + std::string{name}), "/bin/" + std::string{name});
    put_library("newer", libraries);
  }

  [[nodiscard]] std::string path(const std::string& within) const {
    return directory_.path() + within;
  }
  static std::string fixture(const std::string& name) {
    return std::string{preflight::fixtures::directory} + "/" + name;
  }
  void copy(const std::string& from, const std::string& to) const {
    fs::copy_file(from, path(to), fs::copy_options::overwrite_existing);
  }
  void put_library(const std::string& variant, const std::string& directory) const {
    copy(fixture(variant + "/libfixture.so"), directory + "/libfixture.so");
  }
  void remove(const std::string& within) const { fs::remove(path(within)); }
  void write(const std::string& within, const std::string& text, mode_t mode = 0755) const {
    std::ofstream{path(within), std::ios::binary} << text;
    ::chmod(path(within).c_str(), mode);
  }
  [[nodiscard]] std::string read(const std::string& within) const {
    std::ifstream file{path(within), std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  [[nodiscard]] Report examine(const std::string& program, const Environment& env = {},
                               std::optional<preflight::Identity> identity = {}) const {
    auto root = FileRoot::open(directory_.path());
    REQUIRE(root);
    const Preflight preflight{std::make_shared<const FileRoot>(std::move(*root))};
    return preflight.examine({{program}, env, identity, false});
  }

  /// Really starts it, in a root of its own: what the kernel and the loader make of it.
  [[nodiscard]] bool really_starts(const std::string& program, const Environment& env = {}) const {
    const auto pid = ::fork();
    if (pid == 0) {
      // With /proc, by which the loader learns what $ORIGIN is; all of it goes with the process.
      const int namespaces = CLONE_NEWNS | (::geteuid() == 0 ? 0 : CLONE_NEWUSER);
      if (::unshare(namespaces) == 0 &&
          ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0)
        ::mount("/proc", path("/proc").c_str(), nullptr, MS_BIND | MS_REC, nullptr);
      if (::chroot(directory_.path().c_str()) != 0 || ::chdir("/") != 0) ::_exit(99);
      if (std::freopen("/tmp/said", "w", stderr) == nullptr) ::_exit(99);
      std::vector<std::string> lines;
      for (const auto& [name, value] : env)
        lines.push_back(name + "=" + value);
      std::vector<char*> environment;
      for (auto& line : lines)
        environment.push_back(line.data());
      environment.push_back(nullptr);
      auto name = program;
      std::array<char*, 2> arguments{name.data(), nullptr};
      ::execve(program.c_str(), arguments.data(), environment.data());
      ::_exit(98);
    }
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    REQUIRE_FALSE((WIFEXITED(status) && WEXITSTATUS(status) == 99));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  TemporaryDirectory directory_;
};

/// Both say that it starts.
void check_starts(const Root& root, const std::string& program, const Environment& env = {}) {
  const auto report = root.examine(program, env);
  CAPTURE(program, report.fault.value_or(Cause{}).message);
  CHECK(report.can_start());
  CHECK(root.really_starts(program, env));
}

/// Both say that it does not, and preflight why.
Cause check_fails(const Root& root, const std::string& program, CauseKind kind,
                  const std::vector<std::string>& named, const Environment& env = {}) {
  const auto report = root.examine(program, env);
  CHECK_FALSE(root.really_starts(program, env));
  REQUIRE(report.fault);
  CAPTURE(report.fault->message);
  CHECK(to_string(report.fault->kind) == to_string(kind));
  for (const auto& name : named)
    CHECK(report.fault->message.find(name) != std::string::npos);
  CHECK_FALSE(report.fault->remedy.empty());
  return *report.fault;
}

}  // namespace

TEST_CASE("preflight lets start what starts", "[preflight]") {
  const Root root;
  root.copy(Root::fixture("bin/static"), "/bin/static");
  for (const auto* program : {"/bin/program", "/bin/static", "/bin/sh"})
    check_starts(root, program);
  root.write("/bin/script", "#!/bin/sh\nexit 0\n");
  check_starts(root, "/bin/script");
  const auto report = root.examine("/bin/program");
  REQUIRE(report.objects.size() >= 3);
  CHECK(report.objects[1].path == "/lib/x86_64-linux-gnu/libfixture.so");
  CHECK(report.elf->bits == 64);
}

TEST_CASE("preflight names a library that is missing, and who needs it", "[preflight]") {
  const Root root;
  root.remove("/lib/x86_64-linux-gnu/libfixture.so");
  check_fails(root, "/bin/program", CauseKind::library_missing, {"libfixture.so", "/bin/program"});
  root.remove("/lib/x86_64-linux-gnu/libc.so.6");
  const auto cause = check_fails(root, "/bin/program", CauseKind::library_missing, {});
  CHECK(cause.evidence.size() == 2);
}

TEST_CASE("preflight names the symbol version that an older library lacks", "[preflight]") {
  const Root root;
  root.put_library("older", libraries);
  check_fails(root, "/bin/program", CauseKind::symbol_missing,
              {"FIX_2", "libfixture.so", "FIX_1", "/bin/program"});
  root.put_library("plain", libraries);  // the loader only warns of one without any versions
  check_starts(root, "/bin/program");
  CHECK(root.examine("/bin/program").warnings.size() == 1);
}

TEST_CASE("preflight searches where the loader searches", "[preflight]") {
  const Root root;
  root.remove("/lib/x86_64-linux-gnu/libfixture.so");
  SECTION("RPATH and RUNPATH with $ORIGIN") {
    root.put_library("newer", "/private");
    check_starts(root, "/bin/program-new");
    check_starts(root, "/bin/program-old");
    check_fails(root, "/bin/program", CauseKind::library_missing, {"libfixture.so"});
  }
  SECTION("RPATH is inherited, RUNPATH is not") {
    root.put_library("newer", "/private");
    root.copy(Root::fixture("newer/libmiddle.so"), "/private/libmiddle.so");
    check_starts(root, "/bin/middle-old");
    check_fails(root, "/bin/middle-new", CauseKind::library_missing,
                {"/private/libmiddle.so needs", "libfixture.so"});
  }
  SECTION("LD_LIBRARY_PATH before RUNPATH, after RPATH") {
    root.put_library("newer", "/private");
    root.put_library("older", "/tmp");
    const Environment env{{"LD_LIBRARY_PATH", "/nowhere:/tmp"}};
    check_fails(root, "/bin/program-new", CauseKind::symbol_missing, {"FIX_2", "/tmp/"}, env);
    check_starts(root, "/bin/program-old", env);
    check_starts(root, "/bin/program", {{"LD_LIBRARY_PATH", "/nowhere;/private"}});
  }
  SECTION("the processor's subdirectories") {
    fs::create_directories(root.path("/private/glibc-hwcaps/x86-64-v2"));
    root.put_library("older", "/private");
    root.put_library("newer", "/private/glibc-hwcaps/x86-64-v2");
    const auto report = root.examine("/bin/program-new");
    CHECK(report.can_start() == root.really_starts("/bin/program-new"));
  }
  SECTION("ld.so.conf only counts once ldconfig has read it") {
    root.put_library("newer", "/private");
    root.write("/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n", 0644);
    fs::create_directories(root.path("/etc/ld.so.conf.d"));
    root.write("/etc/ld.so.conf.d/private.conf", "# ours\n/private/\n", 0644);
    const auto cause = check_fails(root, "/bin/program", CauseKind::library_missing, {"/private"});
    CHECK(cause.remedy.find("ldconfig") != std::string::npos);
    if (::geteuid() == 0) {
      REQUIRE(std::system(("/sbin/ldconfig -r " + root.path("")).c_str()) == 0);
      check_starts(root, "/bin/program");
    }
  }
  SECTION("libraries for another machine are passed over") {
    auto foreign = root.read("/lib/x86_64-linux-gnu/libc.so.6");
    foreign[18] = static_cast<char>(EM_AARCH64);
    root.write("/tmp/libfixture.so", foreign);
    root.put_library("newer", "/private");
    check_starts(root, "/bin/program", {{"LD_LIBRARY_PATH", "/tmp:/private"}});
    check_fails(root, "/bin/program", CauseKind::library_missing, {"AArch64"},
                {{"LD_LIBRARY_PATH", "/tmp"}});
  }
  SECTION("a preloaded library that is missing is only warned of") {
    root.put_library("newer", libraries);
    const Environment env{{"LD_PRELOAD", "/nowhere/libx.so"}};
    check_starts(root, "/bin/program", env);
    CHECK(root.examine("/bin/program", env).warnings.size() == 1);
  }
}

TEST_CASE("preflight tells damaged libraries", "[preflight]") {
  const Root root;
  const std::string path = "/lib/x86_64-linux-gnu/libfixture.so";
  const auto whole = root.read(path);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{40}, std::size_t{600}, whole.size() / 4}) {
    CAPTURE(size);
    root.write(path, whole.substr(0, size));
    check_fails(root, "/bin/program", CauseKind::library_missing, {path});
  }
  root.write(path, "GROUP ( libother.so )\n");
  check_fails(root, "/bin/program", CauseKind::library_missing, {path});
  root.copy("/bin/true", path);
  check_fails(root, "/bin/program", CauseKind::library_missing, {"not a shared library"});
}

TEST_CASE("preflight tells programs that the kernel refuses", "[preflight]") {
  const Root root;
  const auto whole = root.read("/bin/program");
  SECTION("absent, a directory, without permission") {
    check_fails(root, "/bin/nothing", CauseKind::exec_not_found, {"/bin/nothing", "ENOENT"});
    check_fails(root, "/bin", CauseKind::exec_not_executable, {"/bin", "EACCES"});
    ::chmod(root.path("/bin/program").c_str(), 0644);
    check_fails(root, "/bin/program", CauseKind::exec_not_executable, {"/bin/program"});
  }
  SECTION("another machine's") {
    auto foreign = whole;
    foreign[18] = static_cast<char>(EM_AARCH64);
    root.write("/bin/program", foreign);
    check_fails(root, "/bin/program", CauseKind::exec_wrong_format, {"AArch64", "x86-64"});
  }
  SECTION("cut short") {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{3}, std::size_t{60}, std::size_t{300}, whole.size() / 4}) {
      CAPTURE(size);
      root.write("/bin/program", whole.substr(0, size));
      check_fails(root, "/bin/program", CauseKind::exec_wrong_format, {"/bin/program"});
    }
  }
  SECTION("text without an interpreter") {
    root.write("/bin/text", "echo hello\n");
    check_fails(root, "/bin/text", CauseKind::exec_wrong_format, {"#!"});
    root.write("/bin/text", "#!  \necho hello\n");
    check_fails(root, "/bin/text", CauseKind::exec_wrong_format, {"/bin/text"});
  }
  SECTION("the loader is missing") {
    root.remove(loader);
    check_fails(root, "/bin/program", CauseKind::loader_missing, {"/bin/program", loader});
  }
}

TEST_CASE("preflight follows scripts to what runs them", "[preflight]") {
  const Root root;
  SECTION("missing, also with a carriage return") {
    root.write("/bin/script", "#!/opt/interpreter -x\n");
    check_fails(root, "/bin/script", CauseKind::interpreter_missing,
                {"/bin/script", "/opt/interpreter"});
    root.write("/bin/script", "#!/bin/sh\r\nexit 0\r\n");
    check_fails(root, "/bin/script", CauseKind::interpreter_missing, {"/bin/sh\\r"});
  }
  SECTION("not executable") {
    root.write("/bin/interpreter", "#!/bin/sh\n", 0644);
    root.write("/bin/script", "#!/bin/interpreter\n");
    check_fails(root, "/bin/script", CauseKind::exec_not_executable, {"/bin/interpreter"});
  }
  SECTION("by env") {
    const Environment env{{"PATH", "/opt:/bin"}};
    root.write("/bin/script", "#!/bin/env sh\nexit 0\n");
    check_starts(root, "/bin/script", env);
    root.write("/bin/script", "#!/bin/env -S sh -e\nexit 0\n");
    check_starts(root, "/bin/script", env);
    root.write("/bin/script", "#!/bin/env python9\n");
    check_fails(root, "/bin/script", CauseKind::interpreter_missing, {"python9", "/opt:/bin"}, env);
  }
  SECTION("scripts run by scripts, as many as the kernel follows") {
    root.write("/bin/s0", "#!/bin/sh\nexit 0\n");
    for (int i = 1; i <= 6; ++i) {
      const auto name = "/bin/s" + std::to_string(i);
      root.write(name, "#!/bin/s" + std::to_string(i - 1) + "\n");
      CAPTURE(name);
      CHECK(root.examine(name).can_start() == root.really_starts(name));
    }
    root.write("/bin/loop", "#!/bin/loop\n");
    check_fails(root, "/bin/loop", CauseKind::interpreter_missing, {"/bin/loop"});
  }
  SECTION("its library is what counts") {
    root.write("/bin/script", "#!/bin/program\n");
    root.remove("/lib/x86_64-linux-gnu/libfixture.so");
    check_fails(root, "/bin/script", CauseKind::library_missing, {"libfixture.so"});
  }
}

TEST_CASE("preflight stays within the root", "[preflight]") {
  const Root root;
  fs::create_symlink("/usr/bin/env", root.path("/bin/outside"));
  check_fails(root, "/bin/outside", CauseKind::exec_not_found, {"/bin/outside"});
  fs::create_symlink("../../../../../../bin/program", root.path("/bin/up"));
  check_starts(root, "/bin/up");
  fs::create_symlink("circle", root.path("/bin/circle"));
  check_fails(root, "/bin/circle", CauseKind::exec_not_found, {"ELOOP"});
  CHECK_FALSE(FileRoot::open(root.path("/nowhere")));
}

TEST_CASE("preflight asks for the rights of who is to run it", "[preflight]") {
  const Root root;
  const preflight::Identity other{12345, 12345};
  ::chmod(root.path("").c_str(), 0755);
  CHECK(root.examine("/bin/program", {}, other).can_start());
  ::chmod(root.path("/bin/program").c_str(), 0700);
  const auto report = root.examine("/bin/program", {}, other);
  REQUIRE(report.fault);
  CHECK(report.fault->kind == CauseKind::exec_not_executable);
}

TEST_CASE("preflight tells a mount without programs", "[preflight]") {
  const Root root;
  const auto pid = ::fork();
  if (pid == 0) {
    // In a namespace of its own, which goes with the process; 2: no right to make one.
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", root.path("/tmp").c_str(), "tmpfs", MS_NOEXEC, nullptr) != 0)
      ::_exit(2);
    root.copy("/bin/true", "/tmp/true");
    auto files = FileRoot::open(root.path(""));
    const Preflight preflight{std::make_shared<const FileRoot>(std::move(*files))};
    const auto report = preflight.examine({{"/tmp/true"}, {}, {}, false});
    const bool is_told = report.fault && report.fault->kind == CauseKind::exec_not_executable &&
                         report.fault->message.find("noexec") != std::string::npos;
    ::_exit(is_told ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  if (WEXITSTATUS(status) == 2)
    WARN("not tried: no right to mount");
  else
    CHECK(status == 0);
}

TEST_CASE("preflight names the media element that a streamer lacks, and its package",
          "[preflight]") {
  const Root root;
  const auto streamer = [&] {
    auto files = FileRoot::open(root.path(""));
    REQUIRE(files);
    const Preflight preflight{std::make_shared<const FileRoot>(std::move(*files))};
    return preflight.examine_media({{"/bin/streamer"}, {}, {}, true});
  };
  // A program that needs a library of GStreamer's name, and plug-ins beside that.
  root.copy(Root::fixture("bin/streamer"), "/bin/streamer");
  root.copy(Root::fixture("newer/libgstreamer-1.0.so.0"),
            std::string{libraries} + "/libgstreamer-1.0.so.0");
  const auto plugins = std::string{libraries} + "/gstreamer-1.0";
  fs::create_directories(root.path(plugins));
  for (const auto* name :
       {"app", "nice", "webrtc", "dtls", "srtp", "sctp", "rtpmanager", "rtp", "x264", "vpx"})
    root.copy(Root::fixture("newer/libmiddle.so"), plugins + "/libgst" + name + ".so");
  REQUIRE(root.really_starts("/bin/streamer"));
  CHECK_FALSE(streamer());

  root.remove(plugins + "/libgstnice.so");
  auto cause = streamer();
  REQUIRE(cause);
  CHECK(cause->kind == CauseKind::plugin_missing);
  CHECK(cause->message.find("nicesrc") != std::string::npos);
  CHECK(cause->remedy.find("gstreamer1.0-nice") != std::string::npos);

  // All are there, but what they need is not.
  root.copy(Root::fixture("newer/libmiddle.so"), plugins + "/libgstnice.so");
  root.remove(std::string{libraries} + "/libfixture.so");
  cause = streamer();
  REQUIRE(cause);
  CHECK(cause->kind == CauseKind::plugin_missing);
  CHECK(cause->message.find("libfixture.so") != std::string::npos);
}
