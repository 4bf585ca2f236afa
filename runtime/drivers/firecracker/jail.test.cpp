#include "runtime/drivers/firecracker/jail.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/process/temporary_directory.hpp"

using namespace aerie::firecracker;
using aerie::CauseKind;

namespace {

JailSettings settings(const std::string& base) {
  JailSettings settings;
  settings.jailer = "/usr/bin/jailer";
  settings.firecracker = "/usr/bin/firecracker";
  settings.base = base;
  settings.id = "vm-1";
  settings.uid = 61'001;
  settings.gid = 61'001;
  return settings;
}

bool has(const std::vector<std::string>& command, const std::string& option,
         const std::string& value) {
  const std::vector<std::string> pair{option, value};
  return std::search(command.begin(), command.end(), pair.begin(), pair.end()) != command.end();
}

}  // namespace

TEST_CASE("the jailer is told whom and where it jails", "[firecracker][jail]") {
  auto jail = settings("/state/vms/1");
  jail.network_namespace = "/run/netns/vm-1";
  jail.parent_cgroup = "aerie";
  jail.cgroup = {{"memory.max", "536870912"}, {"cpu.max", "200000 100000"}};
  jail.largest_file_bytes = 1024;
  const auto command = jail_command(jail, {"--api-sock", path_in_jail("api.sock")});
  CHECK(command.front() == "/usr/bin/jailer");
  CHECK(has(command, "--id", "vm-1"));
  CHECK(has(command, "--exec-file", "/usr/bin/firecracker"));
  CHECK(has(command, "--uid", "61001"));
  CHECK(has(command, "--gid", "61001"));
  CHECK(has(command, "--chroot-base-dir", "/state/vms/1"));
  CHECK(has(command, "--netns", "/run/netns/vm-1"));
  CHECK(has(command, "--parent-cgroup", "aerie"));
  CHECK(has(command, "--cgroup", "cpu.max=200000 100000"));
  CHECK(has(command, "--resource-limit", "fsize=1024"));
  CHECK(has(command, "--resource-limit", "no-file=1024"));
  const std::vector<std::string> arguments{"--", "--api-sock", "/api.sock"};
  CHECK(std::vector<std::string>(command.end() - 3, command.end()) == arguments);
  CHECK(jail_root(jail) == "/state/vms/1/firecracker/vm-1/root");
}

TEST_CASE("a jail that is none is refused by its field", "[firecracker][jail]") {
  auto jail = settings("/state/vms/1");
  REQUIRE(check(jail));
  std::string named;
  SECTION("root's") {
    jail.uid = 0;
    named = "user";
  }
  SECTION("a path for an id") {
    jail.id = "../1";
    named = "id";
  }
  SECTION("an id that is too long") {
    jail.id = std::string(65, 'a');
    named = "id";
  }
  SECTION("another program") {
    jail.firecracker = "/usr/bin/qemu";
    named = "program";
  }
  SECTION("a relative directory") {
    jail.base = "vms/1";
    named = "directory";
  }
  const auto checked = check(jail);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().kind == CauseKind::sandbox_failed);
  CHECK(checked.error().message.find("jail's " + named) != std::string::npos);
}

TEST_CASE("a jail holds links to what the machine needs, and nothing else", "[firecracker][jail]") {
  const aerie::testing::TemporaryDirectory directory;
  std::ofstream{directory.path() + "/vmlinux"} << "kernel";
  std::ofstream{directory.path() + "/overlay"} << "disk";
  auto jail = settings(directory.path());
  if (::getuid() != 0) {
    jail.uid = ::getuid();
    jail.gid = ::getgid();
  }
  REQUIRE(fill_jail(jail, {{directory.path() + "/vmlinux", "vmlinux", false},
                           {directory.path() + "/overlay", "overlay", true}}));
  struct stat outside {};
  struct stat inside {};
  REQUIRE(::stat((directory.path() + "/vmlinux").c_str(), &outside) == 0);
  REQUIRE(::stat((jail_root(jail) + "/vmlinux").c_str(), &inside) == 0);
  CHECK(outside.st_ino == inside.st_ino);
  REQUIRE(::stat((jail_root(jail) + "/overlay").c_str(), &inside) == 0);
  CHECK(inside.st_uid == jail.uid);
  CHECK(std::distance(std::filesystem::directory_iterator{jail_root(jail)}, {}) == 2);
}

TEST_CASE("a file that a jail lacks is named", "[firecracker][jail]") {
  const aerie::testing::TemporaryDirectory directory;
  const auto filled = fill_jail(settings(directory.path()), {{"/nonexistent/root", "root", false}});
  REQUIRE_FALSE(filled);
  CHECK(filled.error().kind == CauseKind::root_missing);
  CHECK(filled.error().message.find("/nonexistent/root") != std::string::npos);
}
