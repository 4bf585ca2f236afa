// Guests in virtual machines of QEMU: the same page, link and supervisor as any other's.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "runtime/config/shipped_files.hpp"
#include "runtime/images/guest_image.hpp"
#include "tests/support/chromium.hpp"
#include "tests/support/descendants.hpp"
#include "tests/support/listening.hpp"
#include "tests/support/login_scene.hpp"
#include "tests/support/owner.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::Colour;
using aerie::test::is_live;
using aerie::test::shows;
using aerie::test::StartedSession;
using aerie::test::World;

namespace {

constexpr auto longest_boot = 120s;
constexpr Colour green{0, 205, 0};  // xterm's

/// These tests need an image that has booted (./run image).
bool has_image(const std::string& profile = "terminal") {
  const auto image =
      aerie::find_guest_image({aerie::default_image_directory(), "", "", ""}, profile);
  if (!image) WARN("skipped: " << image.error().message << " " << image.error().remedy);
  return image.has_value();
}

StartedSession start_machine(World& world, Json wish = Json::object()) {
  wish["driver"] = "qemu";
  wish["profile"] = "terminal";
  return world.start(std::move(wish));
}

bool has_stage(const Json& session, const std::string& name) {
  const auto& stages = session.at("stages");
  return std::any_of(stages.begin(), stages.end(),
                     [&](const Json& stage) { return stage.at("name") == name; });
}

std::string vm_of(const Json& session) {
  return session.at("vm").at("id").get<std::string>();
}

/// The shipped profile with one child more: the image has what it needs.
Json terminal_with_sound() {
  auto profile = Json::parse(std::ifstream(aerie::shipped_folder("profiles") + "/terminal.json"));
  const Json audio{{"name", "audio"}, {"builtin", "audio"}, {"restart", "temporary"}};
  auto& children = profile["children"];
  children.insert(children.begin() + 1, audio);
  return profile;
}

}  // namespace

TEST_CASE("a virtual machine is seen and typed into", "[vm]") {
  if (!has_image()) return;
  World world;
  const auto started = start_machine(world);
  const auto session = world.wait_for_state(started.id, "ready", longest_boot);
  for (const auto* stage : {"allocated", "spawned", "kernel", "userland", "linked", "display"})
    CHECK(has_stage(session, stage));

  const auto console = world.http().get("/api/v1/vms/" + vm_of(session) + "/console");
  CHECK(console.status == 200);
  CHECK(console.body.find("Linux version 6") < 100);

  Chromium chromium;
  auto page = chromium.new_page(world.viewer(started.id, started.token));
  page.wait_for(is_live, 60s);
  page.click("#screen");
  page.type("printf '\\033[42m\\033[2J'");
  page.press("Enter");
  page.wait_for(shows(green), 60s);
  CHECK(page.screenshot().share_of(green, 40) > 0.3);
}

TEST_CASE("what a virtual machine plays is heard", "[vm][audio]") {
  if (!has_image()) return;
  const aerie::test::TemporaryDirectory profiles;
  std::ofstream(profiles.path() / "terminal.json") << terminal_with_sound();
  World world(World::Set{{"profiles.path", profiles.path().string()}});
  const auto started = start_machine(world);
  world.wait_for_state(started.id, "ready", longest_boot);
  Chromium chromium;
  auto page = chromium.new_page("about:blank");
  page.in_every_document(aerie::test::listener);
  page.open(world.viewer(started.id, started.token));
  page.wait_for(is_live, 60s);
  page.click("#sound");
  page.wait_for("document.querySelector('#sound').dataset.sound === 'on'", 60s);
  page.click("#screen");
  page.type("pacat --rate=48000 /dev/urandom");  // noise
  page.press("Enter");
  page.wait_for(aerie::test::is_loud, 60s);
  CHECK(page.evaluate("document.body.dataset.state") == "live");
}

TEST_CASE("a machine whose VMM is killed is replaced once, and nothing of it is left", "[vm]") {
  if (!has_image()) return;
  World world;
  auto events = world.events();
  const auto started = start_machine(world);
  const auto first = world.wait_for_state(started.id, "ready", longest_boot);
  const auto vm = world.http().get("/api/v1/vms/" + vm_of(first)).json();
  REQUIRE(::kill(vm.at("pid").get<pid_t>(), SIGKILL) == 0);
  events.next_of("vm.replaced", longest_boot);

  const auto why = world.why(started.id);
  REQUIRE_FALSE(why.at("exits").empty());
  CHECK(why.at("exits").back().at("child") == "vmm");
  CHECK(why.at("exits").back().at("signal") == "SIGKILL");
  world.http().remove("/api/v1/sessions/" + started.id + "?force=true");
  world.wait_for_state(started.id, "ended", 60s);
  CHECK(aerie::test::descendants("qemu-system-x86").empty());
}

TEST_CASE("two machines run at once, each at an address of its own", "[vm]") {
  if (!has_image()) return;
  World world;
  const auto one = start_machine(world);
  const auto other = start_machine(world);
  const auto first = world.wait_for_state(one.id, "ready", longest_boot);
  const auto second = world.wait_for_state(other.id, "ready", longest_boot);
  CHECK(first.at("vm").at("address") != second.at("vm").at("address"));
  CHECK(aerie::test::descendants("qemu-system-x86").size() == 2);
}

TEST_CASE("a session's environment reaches a machine over the link", "[vm]") {
  if (!has_image()) return;
  World world;
  const auto started = start_machine(world, {{"env", {{"GREETING", "hello-from-outside"}}},
                                             {"display", {{"width", 320}, {"height", 200}}}});
  const auto session = world.wait_for_state(started.id, "ready", longest_boot);
  const auto console = world.http().get("/api/v1/vms/" + vm_of(session) + "/console").body;
  CHECK(console.find("hello-from-outside") == std::string::npos);
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(started.id, started.token));
  page.wait_for(is_live, 60s);
  page.wait_for("document.querySelector('#screen').videoWidth === 320", 60s);
  page.click("#screen");
  page.type("echo $GREETING >&2; kill -9 $PPID");
  page.press("Enter");
  // The terminal ends by its own shell's hand, and is restarted: keys arrived, variables too.
  const auto restarted = world.events().next_of("child.restarting", 60s);
  CHECK(restarted.data.at("child") == "terminal");
}

TEST_CASE("a log-in in a machine without a browser ends in its owner's hands", "[vm][login]") {
  if (!has_image("login-terminal")) return;
  const aerie::test::ToolFolder tools;
  tools.add("device",
            "echo 'Open https://id.example/device?user_code=ABCD-EFGH'; sleep 1; "
            "echo '{\"token\":\"of-a-machine\"}' > $HOME/auth.json; exec sleep 600");
  const aerie::test::LoginScene scene{tools};
  const aerie::test::Owner owner;
  const auto session = scene.start(
      "device",
      {{"profile", "login-terminal"}, {"driver", "qemu"}, {"credentialKey", owner.key()}});
  scene.wait_for(session.id, "awaiting-user", nullptr, longest_boot);
  scene.wait_for(session.id, "completed");
  const auto fetched = scene.owner(session).get(credential_of(session));
  REQUIRE(fetched.status == 200);
  CHECK_THAT(owner.open(fetched.json()["files"][0]["sealed"]), Catch::Contains("of-a-machine"));
  CHECK(scene.owner(session).get(credential_of(session)).status == 410);
}
