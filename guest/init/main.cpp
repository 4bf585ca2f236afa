#include <future>
#include <sys/stat.h>

#include "guest/init/boot_options.hpp"
#include "guest/init/devices.hpp"
#include "guest/init/fault.hpp"
#include "guest/init/machine.hpp"
#include "guest/init/network.hpp"
#include "guest/init/root.hpp"

namespace {

using namespace aerie;

void or_give_up(const Result<void>& done) {
  if (!done) init::give_up(done.error());
}

}  // namespace

/// The first process of a VM: from the initrd to the running `aerie-guest`.
int main() {
  ::umask(022);
  or_give_up(init::mount_kernel_files());
  init::say("user space begins");
  or_give_up(init::load_modules("/modules"));
  const auto options = init::boot_options();
  or_give_up(init::enter_root(options));
  or_give_up(init::set_up_loopback());
  init::say("the root is " + options.root);

  std::promise<void> ended;
  std::unique_ptr<init::Machine> machine;
  Reactor reactor;
  reactor.call([&] {
    machine = std::make_unique<init::Machine>(reactor, options, [&] { ended.set_value(); });
    or_give_up(machine->open());
  });
  ended.get_future().wait();
  init::end_machine();
}
