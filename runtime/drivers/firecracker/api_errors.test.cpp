#include "runtime/drivers/firecracker/api_errors.hpp"

#include <catch2/catch.hpp>

using namespace aerie::firecracker;
using aerie::CauseKind;
using aerie::ExitRecord;
using aerie::Json;

namespace {

aerie::Cause refusal(const ApiRequest& request, const std::string& fault) {
  return cause_of_refusal(request, 400, Json{{"fault_message", fault}}.dump());
}

}  // namespace

TEST_CASE("a refusal is named by what Firecracker says", "[firecracker]") {
  const auto start = act(Action::start_instance);
  const auto drive = put_drive({"root", "/i/root", true, true, false, std::nullopt});
  const SnapshotLoad load{{"s", "m"}, false, false, {}, "", std::nullopt};
  const auto [request, fault, kind] = GENERATE_COPY(table<ApiRequest, std::string, CauseKind>({
      {start,
       "Start microvm error: System configuration error: Cannot load kernel due to invalid memory "
       "configuration or invalid kernel image: Kernel Loader: failed to load ELF kernel image: "
       "Kernel Loader: Invalid Elf magic number",
       CauseKind::kernel_not_elf},
      {start, "Cannot load kernel due to invalid kernel image. Invalid ELF magic number",
       CauseKind::kernel_not_elf},
      {start, "Start microvm error: Error with initrd initialization: Failed to compute.",
       CauseKind::memory_too_small},
      {start,
       "Invalid Memory Configuration: Cannot create mmap region: Out of memory (os error 12)",
       CauseKind::memory_too_small},
      {put_boot_source({"/k", "", ""}),
       "Boot source error: The kernel file cannot be opened: No such file or directory (os error "
       "2)",
       CauseKind::root_missing},
      {drive,
       "Drive config error: Unable to create the virtio block device: Virtio backend error: Error "
       "manipulating the backing file: No such file or directory (os error 2) /i/root",
       CauseKind::root_missing},
      {put_vsock({3, "/v"}),
       "Vsock config error: Cannot create backend for vsock device: UnixBind(Os { code: 98, kind: "
       "AddrInUse, message: \"Address in use\" })",
       CauseKind::address_in_use},
      {put_network_interface({"eth0", "tap0", "", {}, {}, {}}),
       "Could not create the network device: Open tap device failed: Resource busy (os error 16)",
       CauseKind::address_in_use},
      {put_network_interface({"eth0", "tap0", "", {}, {}, {}}),
       "Could not create the network device: Open tap device failed: No such device",
       CauseKind::network_failed},
      {create_snapshot({"s", "m"}, SnapshotKind::full),
       "Create snapshot error: Cannot write memory file: No space left on device (os error 28)",
       CauseKind::disk_full},
      {load_snapshot(load), "Load snapshot error: Failed to restore from snapshot: CRC64",
       CauseKind::image_corrupt},
      {start, "The requested operation is not supported after starting the microVM.",
       CauseKind::vmm_failed},
      {start, "something that nobody has seen before", CauseKind::vmm_failed},
  }));
  const auto cause = refusal(request, fault);
  INFO(cause.message);
  CHECK(cause.kind == kind);
  CHECK(cause.message.find(name_of(request)) != std::string::npos);
  CHECK(cause.message.find(fault.substr(0, fault.size() - 1)) != std::string::npos);
  CHECK_FALSE(cause.remedy.empty());
}

TEST_CASE("a refusal without Firecracker's words is told by its status", "[firecracker]") {
  const auto cause = cause_of_refusal(get_version(), 500, "");
  CHECK(cause.kind == CauseKind::vmm_failed);
  CHECK(cause.message == "Firecracker refused GET /version: status 500.");
  const auto odd = cause_of_refusal(get_version(), 400, "<html>\n\x1b[31m");
  CHECK(odd.message.find('\x1b') == std::string::npos);
  CHECK(odd.message.find("<html>") != std::string::npos);
  CHECK(cause_of_refusal(get_version(), 400, std::string(100'000, 'x')).message.size() < 4096);
}

TEST_CASE("Firecracker's exit status tells what ended it", "[firecracker]") {
  ExitRecord exit;
  exit.kind = CauseKind::exit_code;
  SECTION("a forbidden system call") {
    exit.code = 148;
    explain_exit(exit);
    CHECK(exit.kind == CauseKind::vmm_failed);
    CHECK(exit.message.find("SIGSYS") != std::string::npos);
  }
  SECTION("an illegal instruction") {
    exit.code = 157;
    explain_exit(exit);
    CHECK(exit.kind == CauseKind::illegal_instruction);
  }
  SECTION("no KVM") {
    exit.code = 1;
    exit.tail = {"Error creating KVM object: No such file or directory (os error 2)"};
    explain_exit(exit);
    CHECK(exit.kind == CauseKind::vmm_failed);
    CHECK(exit.message.find("KVM") != std::string::npos);
  }
  SECTION("a status of another program") {
    exit.code = 3;
    exit.message = "kept";
    explain_exit(exit);
    CHECK(exit.kind == CauseKind::exit_code);
    CHECK(exit.message == "kept");
  }
}
