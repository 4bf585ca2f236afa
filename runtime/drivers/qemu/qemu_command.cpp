#include "runtime/drivers/qemu/qemu_command.hpp"

#include <initializer_list>

namespace aerie {
namespace {

constexpr int translated_code_mib = 128;
constexpr int own_mib = 160;

using Arguments = std::vector<std::string>;

void add(Arguments& arguments, std::initializer_list<std::string> more) {
  arguments.insert(arguments.end(), more);
}

std::string path_of(int fd) {
  return "/dev/fd/" + std::to_string(fd);
}

/// A descriptor as a file that QEMU opens by name: a set of one (`-add-fd`).
std::string fd_set(Arguments& arguments, int fd) {
  const auto number = std::to_string(fd);
  add(arguments, {"-add-fd", "fd=" + number + ",set=" + number});
  return "/dev/fdset/" + number;
}

/// `mib_per_second`: what may be read and written of it; 0: no limit.
void add_disk(Arguments& arguments, const std::string& name, int fd, bool is_read_only,
              int mib_per_second = 0) {
  const auto file = fd_set(arguments, fd);
  const std::string access = is_read_only ? "read-only=on" : "read-only=off,discard=unmap";
  add(arguments, {"-blockdev", "driver=raw,node-name=" + name + "," + access +
                                   ",file.driver=file,file.locking=off,file.filename=" + file});
  auto drive = name;
  if (mib_per_second > 0) {
    drive += "-limited";
    add(arguments,
        {"-object",
         "throttle-group,id=" + name +
             "-limit,x-bps-total=" + std::to_string(std::int64_t{mib_per_second} << 20),
         "-blockdev",
         "driver=throttle,node-name=" + drive + ",throttle-group=" + name + "-limit,file=" + name});
  }
  add(arguments, {"-device", "virtio-blk-device,werror=report,rerror=report,drive=" + drive +
                                 ",serial=" + name});
}

void add_socket(Arguments& arguments, const std::string& name, int fd) {
  add(arguments,
      {"-chardev", "socket,id=" + name + ",server=on,wait=off,fd=" + std::to_string(fd)});
}

/// What is behind the guest's interface.
std::string network_of(const QemuMachine& machine) {
  if (machine.has_tap) return "tap,id=net,fd=" + std::to_string(qemu_fd::tap);
  // A hub with nothing else on it has no state that a saved machine would bring along.
  if (machine.forwarded_ports.empty()) return "hubport,id=net,hubid=0";
  std::string network = "user,id=net,restrict=on";
  auto guest_port = qemu_network::first_port;
  for (const auto port : machine.forwarded_ports)
    network += ",hostfwd=udp:127.0.0.1:" + std::to_string(port) + "-" + qemu_network::guest + ":" +
               std::to_string(guest_port++);
  return network;
}

}  // namespace

std::string qemu_kernel_arguments(std::int64_t tsc_khz) {
  // A panic ends the machine at once (-no-reboot); its words stand on the console.
  std::string arguments =
      "console=ttyS0 loglevel=6 reboot=t panic=-1 i8042.noaux i8042.nokbd random.trust_cpu=on "
      "aerie.root=/dev/vda aerie.overlay=/dev/vdb";
  // Reduced hardware has no timer to measure it with; without it the kernel waits for ever.
  if (tsc_khz > 0) arguments += " tsc_early_khz=" + std::to_string(tsc_khz);
  return arguments;
}

int qemu_overhead_mib(Acceleration acceleration) {
  return own_mib + (acceleration == Acceleration::tcg ? translated_code_mib : 0);
}

std::vector<std::string> qemu_command(const QemuMachine& machine, bool is_restored) {
  Arguments arguments{qemu_program, "-no-user-config", "-nodefaults", "-display",
                      "none",       "-no-reboot"};
  add(arguments, {"-M", "microvm,acpi=on,rtc=on"});
  if (machine.acceleration == Acceleration::kvm)
    add(arguments, {"-accel", "kvm", "-cpu", "host"});
  else
    add(arguments, {"-accel", "tcg,thread=multi,tb-size=" + std::to_string(translated_code_mib),
                    "-cpu", "max"});
  add(arguments, {"-m", std::to_string(machine.resources.memory_mib) + "M", "-smp",
                  std::to_string(machine.resources.cpus)});
  add(arguments, {"-kernel", path_of(qemu_fd::kernel), "-initrd", path_of(qemu_fd::initrd),
                  "-append", machine.kernel_arguments});
  add_disk(arguments, "root", qemu_fd::root, true);
  add_disk(arguments, "overlay", qemu_fd::overlay, false, machine.disk_mib_per_second);
  const auto console = fd_set(arguments, qemu_fd::console);
  add(arguments,
      {"-chardev", "file,id=console,append=on,path=" + console, "-serial", "chardev:console"});
  add_socket(arguments, "link", qemu_fd::link);
  add(arguments, {"-device", "virtio-serial-device", "-device",
                  "virtserialport,chardev=link,name=aerie.link"});
  add_socket(arguments, "qmp", qemu_fd::qmp);
  add(arguments, {"-mon", "chardev=qmp,mode=control"});
  add(arguments, {"-object", "rng-random,id=rng,filename=/dev/urandom", "-device",
                  "virtio-rng-device,rng=rng"});
  // Without what a tap could take off the guest's hands: a saved machine had none behind it.
  add(arguments, {"-netdev", network_of(machine), "-device",
                  "virtio-net-device,netdev=net,csum=off,gso=off,guest_csum=off,guest_tso4=off,"
                  "guest_tso6=off,guest_ecn=off,guest_ufo=off,host_tso4=off,host_tso6=off,"
                  "host_ecn=off,host_ufo=off"});
  add(arguments,
      {"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"});
  if (is_restored) add(arguments, {"-incoming", "fd:" + std::to_string(qemu_fd::state)});
  return arguments;
}

}  // namespace aerie
