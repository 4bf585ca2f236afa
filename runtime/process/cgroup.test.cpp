#include "runtime/process/cgroup.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/process/host_pid.hpp"
#include "runtime/process/process.hpp"
#include "runtime/process/waiting.hpp"

using aerie::Cgroup;
using aerie::cgroup_mount_points;

TEST_CASE("our groups are found in version 1, version 2 and mixed mounts", "[cgroup]") {
  const auto mixed = cgroup_mount_points(
      "8:pids:/\n4:memory:/a/b\n1:name=systemd:/\n0::/unit\n",
      "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
      "39 31 0:36 / /sys/fs/cgroup/pids rw shared:7 - cgroup cgroup rw,pids\n"
      "33 31 0:30 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  REQUIRE(mixed.size() == 3);
  CHECK(mixed[0].directory == "/sys/fs/cgroup/memory/a/b");
  CHECK(mixed[0].controllers == std::vector<std::string>{"memory"});
  CHECK(mixed[1].directory == "/sys/fs/cgroup/pids");
  CHECK(mixed[2].directory == "/sys/fs/cgroup/unified/unit");
  CHECK(mixed[2].unified);

  const auto within = cgroup_mount_points(
      "0::/docker/x/y\n", "1 2 0:3 /docker/x /mnt/with\\040blank rw - cgroup2 cgroup2 rw\n");
  REQUIRE(within.size() == 1);
  CHECK(within[0].directory == "/mnt/with blank/y");
}

TEST_CASE("garbage names no mounts", "[cgroup]") {
  CHECK(cgroup_mount_points("", "").empty());
  CHECK(cgroup_mount_points("x\n:\n0::/\n", "- - -\n1 - cgroup2\n1 2 3 / /m rw - cgroup2 x\n")
            .empty());
}

TEST_CASE("a group limits, counts, is killed and removed", "[cgroup]") {
  const auto mounts = aerie::discover_cgroups();
  CHECK_FALSE(mounts.why.empty());
  const auto cgroup =
      Cgroup::create(mounts, "test-" + std::to_string(::getpid()), {64UL << 20U, 20});
  REQUIRE(cgroup);
  if (!mounts.limits_pids()) {
    CHECK_FALSE(cgroup->remove().value_or(false));
    return;
  }
  aerie::SpawnRequest request;
  request.argv = {"/bin/sh", "-c", "echo up; exec sleep 1000"};
  request.env = {{"PATH", "/usr/bin:/bin"}};
  request.cgroup_procs = cgroup->procs_paths();

  aerie::testing::Eventually<bool> up;
  aerie::testing::Eventually<aerie::ExitRecord> end;
  std::unique_ptr<aerie::Process> process;
  aerie::Reactor reactor;
  reactor.call([&] {
    process = std::move(*aerie::Process::start(reactor, "sleeper", request,
                                               {[&](const auto&) { up.set(true); },
                                                [&](auto record) { end.set(std::move(record)); },
                                                {}}));
  });
  up.get();
  CHECK(cgroup->processes() == std::vector<int>{process->pid()});
  const auto busy = cgroup->remove();
  REQUIRE_FALSE(busy);
  CHECK_THAT(busy.error().message, Catch::Contains(std::to_string(process->pid())));
  if (mounts.limits_memory()) {
    CHECK(cgroup->oom_kills() == 0);
    CHECK(cgroup->memory_bytes());
  }
  cgroup->kill_all();
  CHECK(end.get().signal == "SIGKILL");
  reactor.call([&] { process.reset(); });
  CHECK(cgroup->remove() == true);
  CHECK(cgroup->remove() == false);
}

TEST_CASE("memory above the limit ends as an OOM kill", "[cgroup]") {
  const auto mounts = aerie::discover_cgroups();
  if (!mounts.limits_memory()) return;
  const auto cgroup =
      Cgroup::create(mounts, "oom-" + std::to_string(::getpid()), {16UL << 20U, 20});
  REQUIRE(cgroup);
  aerie::SpawnRequest request;
  request.argv = {"/usr/bin/tail", "/dev/zero"};  // keeps the last line, which has no end
  request.cgroup_procs = cgroup->procs_paths();
  aerie::testing::Eventually<aerie::ExitRecord> end;
  std::unique_ptr<aerie::Process> process;
  aerie::Reactor reactor;
  reactor.call([&] {
    process =
        std::move(*aerie::Process::start(reactor, "glutton", request,
                                         {{},
                                          [&](auto record) { end.set(std::move(record)); },
                                          [&] { return cgroup->oom_kills().value_or(0) > 0; }}));
  });
  const auto record = end.get();
  CHECK(aerie::to_string(record.kind) == "oom-kill");
  reactor.call([&] { process.reset(); });
  CHECK(cgroup->remove());
}

TEST_CASE("pids are translated between namespaces", "[cgroup]") {
  CHECK(aerie::innermost_pid("Name:\tx\nNSpid:\t4711\t12\nNSpgid:\t1\n") == 12);
  CHECK(aerie::innermost_pid("Name:\tx\nNSpid:\t4711\nFoo:\n") == 4711);
  CHECK_FALSE(aerie::innermost_pid("Name:\tx\n"));
  CHECK_FALSE(aerie::innermost_pid("Name:\tx\nNSpid:\tx\n"));
  CHECK(aerie::host_pid(::getpid(), ::getpid()) == ::getpid());
  CHECK_FALSE(aerie::host_pid(::getpid(), -1));
}
