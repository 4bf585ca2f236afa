#include "guest/init/fault.hpp"

#include <cstdio>
#include <cstdlib>
#include <sys/reboot.h>
#include <unistd.h>

#include "guest/init/boot_options.hpp"

namespace aerie::init {

void give_up(const Cause& cause) {
  say("fault " + std::string{to_string(cause.kind)} + ": " + cause.message);
  end_machine();
}

void end_machine() {
  ::sync();
  ::reboot(boot_options().ends_by_reboot ? RB_AUTOBOOT : RB_POWER_OFF);
  std::abort();  // not the first process, or not root: the kernel says so by a panic
}

void say(const std::string& text) {
  std::fprintf(stderr, "aerie-init: %s\n", text.c_str());
}

}  // namespace aerie::init
