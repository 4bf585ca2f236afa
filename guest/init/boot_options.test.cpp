#include "guest/init/boot_options.hpp"

#include <catch2/catch.hpp>

using aerie::init::parse_boot_options;

TEST_CASE("the kernel's command line tells a machine what its driver means", "[boot_options]") {
  const auto options = parse_boot_options(
      "console=ttyS0 reboot=k aerie.root=/dev/vdc aerie.link=vsock:7000 aerie.end=reboot\n");
  CHECK(options.root == "/dev/vdc");
  CHECK(options.overlay == "/dev/vdb");
  CHECK(options.vsock_port == 7000);
  CHECK(options.ends_by_reboot);
}

TEST_CASE("without a word of it the link is a virtio-serial port", "[boot_options]") {
  const auto options = parse_boot_options("console=ttyS0");
  CHECK_FALSE(options.vsock_port);
  CHECK_FALSE(options.ends_by_reboot);
}

TEST_CASE("a link that is not well formed counts as not there", "[boot_options]") {
  const auto* word = GENERATE("vsock:", "vsock:70x", "vsock:-1", "vsock:99999999999", "serial:1");
  CHECK_FALSE(parse_boot_options(std::string{"aerie.link="} + word).vsock_port);
}
