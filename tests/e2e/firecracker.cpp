// Machines of the driver firecracker on a VMM that plays Firecracker: its API, its vsock, the link
// of aerie-init and a real aerie-guest are what they are elsewhere.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <unistd.h>

#include "runtime/drivers/firecracker/firecracker_driver.hpp"
#include "runtime/drivers/firecracker/firecracker_state.hpp"
#include "runtime/drivers/firecracker/firecracker_vmm.hpp"
#include "runtime/drivers/process/guest_record.hpp"
#include "runtime/process/temporary_directory.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/descendants.hpp"

using namespace aerie;

namespace {

/// Keeps what a machine says, and wakes who waits for it.
class Heard final : public MachineReports {
 public:
  void on_started(std::int64_t number) override {
    pid = number;
    add("started");
  }
  void on_reached(Stage stage) override { add("reached " + std::string{to_string(stage)}); }
  void on_linked() override { add("linked"); }
  void on_failed(Cause cause) override { keep(std::move(cause), "failed"); }
  void on_says(link::GuestMessage message) override {
    if (std::holds_alternative<link::AllReady>(message)) add("ready");
    if (std::holds_alternative<link::Finished>(message)) add("finished");
  }
  void on_link_lost(Cause cause) override { keep(std::move(cause), "link lost"); }
  void on_exited(ExitRecord exit) override { keep(cause_of(exit), "exited"); }
  void on_released(Resource resource, std::optional<Cause> failure) override {
    add((failure ? "kept " : "released ") + resource.kind);
  }
  void on_network(std::optional<Cause>) override {}
  void on_paused(bool is_paused, std::optional<Cause> failure) override {
    add(failure ? "not done: " + failure->message : is_paused ? "paused" : "goes on");
  }

  /// Whether it is heard before a test's patience ends.
  bool wait_for(const std::string& word) {
    std::unique_lock lock{mutex_};
    return heard_.wait_for(lock, test::patience, [&] {
      return std::find(words_.begin(), words_.end(), word) != words_.end();
    });
  }
  Cause cause() {
    const std::lock_guard lock{mutex_};
    return cause_;
  }
  std::atomic<std::int64_t> pid = 0;

 private:
  void keep(Cause cause, const std::string& word) {
    {
      const std::lock_guard lock{mutex_};
      if (cause_.message.empty()) cause_ = std::move(cause);
    }
    add(word);
  }
  void add(const std::string& word) {
    const std::lock_guard lock{mutex_};
    words_.push_back(word);
    heard_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable heard_;
  std::vector<std::string> words_;
  Cause cause_;
};

std::string program_beside_tests(const std::string& name) {
  const auto build = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
  return (build / name).string();
}

/// A driver of such machines, its state directory, and an image that boots nothing.
struct Rig {
  explicit Rig(const std::string& fault = {}, int uid_base = 0) {
    std::filesystem::permissions(directory.path(), std::filesystem::perms{0755});
    write("vmlinux",
          "\x7f"
          "ELF");
    write("initrd", fault);
    write("root", "");
    write("overlay", std::string(4096, '\0'));
    std::filesystem::create_directory(directory.path() + "/vms");
    VmOptions options;
    options.vms_directory = directory.path() + "/vms";
    options.driver = "firecracker";
    options.uid_base = uid_base;
    driver =
        std::make_shared<VmDriver>(reactor, disk, options, [this](const MachineSpec&, VmPlan plan) {
          const auto path = directory.path() + "/";
          plan.image = {
              path, path + "vmlinux", path + "initrd", path + "root", path + "overlay", "", "test",
              64};
          return Result<std::unique_ptr<Vmm>>{std::make_unique<firecracker::FirecrackerVmm>(
              reactor, std::move(plan),
              firecracker::FirecrackerVmm::Options{
                  {program_beside_tests("fake-firecracker"), ""}, std::nullopt, false})};
        });
  }
  ~Rig() {
    machine.reset();
    driver.reset();
    if (heard->pid != 0) ::kill(static_cast<pid_t>(heard->pid), SIGKILL);
    // The stand-in's guest is a process, which a killed VMM does not take along.
    for (const auto* name : {"aerie-guest", "sleep"})
      for (const auto pid : aerie::test::descendants(name))
        ::kill(pid, SIGKILL);
    reactor.stop();
    disk.stop();
  }

  /// An image that the driver finds by itself, in place of the one that it is handed.
  void make_image() const {
    namespace fs = std::filesystem;
    const auto folder = directory.path() + "/image";
    fs::create_directories(folder);
    fs::create_directories(directory.path() + "/current");
    fs::copy_file("/proc/self/exe", folder + "/vmlinux");  // an ELF file
    Json manifest{{"profile", "test"}, {"memoryMiB", 64}};
    for (const auto* name : {"initrd.img", "root.squashfs", "overlay.ext4"})
      std::ofstream{folder + "/" + name} << (name == std::string{"overlay.ext4"} ? "overlay" : "");
    for (const auto* name : {"vmlinux", "initrd.img", "root.squashfs", "overlay.ext4"})
      manifest["files"][name] = {{"bytes", fs::file_size(folder + "/" + name)}};
    std::ofstream{folder + "/manifest.json"} << manifest.dump();
    fs::create_directory_symlink(folder, directory.path() + "/current/test");
  }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream{directory.path() + "/" + name} << content;
  }

  [[nodiscard]] MachineSpec spec() const {
    MachineSpec spec;
    spec.vm = "7b0a3b3c-8f0e-4f4c-9c57-0d9c6f1f0001";
    spec.configure.vm = spec.vm;
    spec.configure.profile = parse_profile(Json::parse(R"({"name":"test","children":[
        {"name":"rest","command":["/bin/sleep","1000"]}]})"))
                                 .value();
    spec.configure.session = "7b0a3b3c-8f0e-4f4c-9c57-0d9c6f1f0002";
    spec.configure.url = "about:blank";
    spec.configure.display = spec.configure.profile->display;
    return spec;
  }
  void make() { machine = driver->make(spec(), heard); }
  void start() {
    make();
    machine->start();
  }

  [[nodiscard]] std::string console() const {
    std::ifstream file{directory.path() + "/vms/" + spec().vm + "/console.log"};
    return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  }

  testing::TemporaryDirectory directory;
  std::shared_ptr<Heard> heard = std::make_shared<Heard>();
  Reactor reactor;
  Reactor disk;
  std::shared_ptr<Driver> driver;
  std::unique_ptr<Machine> machine;
};

}  // namespace

TEST_CASE("a guest lives and ends in a machine of Firecracker", "[firecracker-vm]") {
  const int uid_base = ::getuid() == 0 ? GENERATE(0, 62'000) : 0;
  Rig rig{"", uid_base};
  rig.start();
  CHECK(rig.heard->wait_for("started"));
  CHECK(rig.heard->wait_for("reached kernel"));
  CHECK(rig.heard->wait_for("reached userland"));
  CHECK(rig.heard->wait_for("linked"));
  REQUIRE(rig.heard->wait_for("ready"));
  CHECK(rig.console().starts_with("Linux version"));
  rig.machine->send(link::Stop{"owner"});
  CHECK(rig.heard->wait_for("finished"));
  REQUIRE(rig.heard->wait_for("exited"));
  CHECK(rig.heard->cause().kind == CauseKind::clean);
  rig.machine->release({"", "", "", "directory", "vms/" + rig.spec().vm});
  CHECK(rig.heard->wait_for("released directory"));
}

TEST_CASE("the next controller takes a machine of Firecracker over", "[firecracker-vm]") {
  Rig rig;
  rig.start();
  REQUIRE(rig.heard->wait_for("ready"));
  const auto pid = rig.heard->pid.load();
  rig.machine.reset();
  rig.heard = std::make_shared<Heard>();
  rig.make();
  rig.machine->adopt();
  CHECK(rig.heard->wait_for("linked"));
  CHECK(rig.heard->pid == pid);
  rig.machine->send(link::Stop{"owner"});
  CHECK(rig.heard->wait_for("exited"));
}

TEST_CASE("a machine of Firecracker is halted and goes on", "[firecracker-vm]") {
  Rig rig;
  rig.start();
  REQUIRE(rig.heard->wait_for("ready"));
  rig.machine->pause(true);
  CHECK(rig.heard->wait_for("paused"));
  rig.machine->pause(false);
  CHECK(rig.heard->wait_for("goes on"));
}

TEST_CASE("a guest goes on from a machine that Firecracker saved", "[firecracker-vm]") {
  Rig rig;
  rig.make_image();
  const FirecrackerPrograms programs{program_beside_tests("fake-firecracker"), ""};
  SaveRequest request;
  request.images.directory = rig.directory.path();
  request.profile = *rig.spec().configure.profile;
  const auto source = firecracker::make_state_source(programs, false);
  const auto saved = save_guest(request, *source);
  INFO((saved ? saved->folder : saved.error().message));
  REQUIRE(saved);

  VmOptions options;
  options.vms_directory = rig.directory.path() + "/vms";
  rig.driver = make_firecracker_driver(rig.reactor, rig.disk, options, request.images, programs);
  bool is_whole = true;
  SECTION("which is what it was") {}
  SECTION("but boots where what was saved is damaged") {
    std::ofstream{saved->memory(), std::ios::app} << "x";
    is_whole = false;
  }
  rig.start();
  CHECK(rig.heard->wait_for("linked"));
  REQUIRE(rig.heard->wait_for("ready"));
  // Whose guest had the secret of the saved one, and has its own now.
  const auto record = read_guest_record(rig.directory.path() + "/vms/" + rig.spec().vm);
  REQUIRE(record);
  CHECK(record->secret != saved->secret);
  // One that goes on has the console of then, and did not boot again.
  const auto console = rig.console();
  CHECK(console.starts_with("Linux version"));
  CHECK(console.find("Linux version", 1) == std::string::npos);
  CHECK((console.find("a snapshot goes on") != std::string::npos) == is_whole);
  rig.machine->send(link::Stop{"owner"});
  CHECK(rig.heard->wait_for("exited"));
}

TEST_CASE("what ends a machine of Firecracker is named", "[firecracker-vm]") {
  const auto [fault, kind, word] = GENERATE(table<std::string, CauseKind, std::string>({
      {"panic", CauseKind::kernel_panic, "sysrq triggered crash"},
      {"forbidden", CauseKind::vmm_failed, "SIGSYS"},
  }));
  Rig rig{fault};
  rig.start();
  REQUIRE(rig.heard->wait_for("exited"));
  const auto cause = rig.heard->cause();
  INFO(cause.message);
  CHECK(cause.kind == kind);
  CHECK(cause.message.find(word) != std::string::npos);
}

TEST_CASE("a kernel that Firecracker can't load is named", "[firecracker-vm]") {
  Rig rig;
  rig.write("vmlinux", "MZ");
  rig.start();
  REQUIRE(rig.heard->wait_for("failed"));
  CHECK(rig.heard->cause().kind == CauseKind::kernel_not_elf);
  CHECK(rig.heard->wait_for("exited"));
}

TEST_CASE("a Firecracker that is killed is told as what it is", "[firecracker-vm]") {
  Rig rig;
  rig.start();
  REQUIRE(rig.heard->wait_for("ready"));
  REQUIRE(::kill(static_cast<pid_t>(rig.heard->pid), SIGKILL) == 0);
  REQUIRE(rig.heard->wait_for("exited"));
  CHECK(rig.heard->cause().message.find("SIGKILL") != std::string::npos);
}

TEST_CASE("a Firecracker that is not there is named with what to do", "[firecracker-vm]") {
  Rig rig;
  VmOptions options;
  options.vms_directory = rig.directory.path() + "/vms";
  rig.driver =
      make_firecracker_driver(rig.reactor, rig.disk, options, {}, {"/nowhere/firecracker", ""});
  rig.start();
  REQUIRE(rig.heard->wait_for("failed"));
  CHECK(rig.heard->cause().kind == CauseKind::vmm_missing);
  CHECK(rig.heard->cause().message.find("/nowhere/firecracker") != std::string::npos);
}
