// Guests have networks of their own: what they reach from there, who sees them, what stays.
#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <sstream>

#include "runtime/network/guest_networks.hpp"
#include "runtime/network/netlink.hpp"
#include "runtime/network/packet_filter.hpp"
#include "tests/support/chromium.hpp"
#include "tests/support/serve_process.hpp"
#include "tests/support/site.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::is_live;
using aerie::test::ServeProcess;
using aerie::test::Site;
using aerie::test::TemporaryDirectory;
using aerie::test::World;

namespace {

bool can_make_networks() {
  const auto probed = aerie::network::GuestNetworks::probe();
  if (!probed) WARN("skipped: " + probed.error().message);
  return probed.has_value();
}

/// This host's IPv4 addresses, loopback first.
std::vector<std::string> own_addresses() {
  std::vector<std::string> addresses;
  ifaddrs* list = nullptr;
  REQUIRE(::getifaddrs(&list) == 0);
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{list, &::freeifaddrs};
  for (const auto* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    char text[INET_ADDRSTRLEN] = {};
    const auto& address = reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr;
    addresses.emplace_back(::inet_ntop(AF_INET, &address, text, sizeof text));
  }
  return addresses;
}

/// A profile whose guest knocks at these places once each, and tells how that went.
std::string write_knocker(const TemporaryDirectory& folder,
                          const std::vector<std::string>& places) {
  std::string script = "cat /proc/net/dev /etc/resolv.conf;";
  for (const auto& place : places) {
    const auto colon = place.rfind(':');
    script += " if timeout 1 bash -c 'exec 3<>/dev/tcp/" + place.substr(0, colon) + "/" +
              place.substr(colon + 1) + "' 2>/dev/null; then echo '" + place +
              " reached'; else echo '" + place + " denied'; fi;";
  }
  const Json child{{"name", "main"},
                   {"command", {"bash", "-c", script + " echo knocked; exec sleep 1000"}},
                   {"ready", {{"kind", "line"}, {"pattern", "^knocked$"}, {"withinMs", 60'000}}}};
  std::ofstream{folder.path() / "knocker.json"}
      << Json{{"name", "knocker"}, {"children", Json::array({child})}}.dump();
  return folder.path().string();
}

std::size_t interfaces_of_guests() {
  const auto devices = aerie::network::Netlink::open()->devices();
  REQUIRE(devices);
  return static_cast<std::size_t>(
      std::count_if(devices->begin(), devices->end(), [](const auto& device) {
        return device.name.starts_with(aerie::network::interface_prefix) &&
               device.name.find('-') != std::string::npos;
      }));
}

}  // namespace

TEST_CASE("a guest reaches neither this host's loopback nor the controller", "[network]") {
  if (!can_make_networks()) return;
  Site site("<!doctype html><title>secret</title>");
  const auto url = site.url();
  const auto port = url.substr(url.rfind(':') + 1, url.size() - url.rfind(':') - 2);
  std::vector<std::string> places;
  for (const auto& address : own_addresses())
    places.push_back(address + ":" + port);
  const TemporaryDirectory profiles;
  const auto path = write_knocker(profiles, places);
  World world(World::Set{{"profiles.path", path}});
  const auto session = world.start({{"profile", "knocker"}});
  const auto document = world.wait_for_state(session.id, "ready", 60s);
  const auto said = world.http().get("/api/v1/sessions/" + session.id + "/logs?child=main").body;
  CAPTURE(said);
  for (const auto& place : places)
    CHECK(said.find(place + " denied") != std::string::npos);
  CHECK(said.find("reached") == std::string::npos);
  CHECK(said.find("eth0:") != std::string::npos);
  CHECK(said.find("nameserver 127.") == std::string::npos);
  CHECK(interfaces_of_guests() >= 1);
}

TEST_CASE("a viewer sees a guest in its own network, and so does the next controller's",
          "[network][adoption]") {
  if (!can_make_networks()) return;
  const TemporaryDirectory state;
  const auto path = state.path().string();
  std::optional<ServeProcess> controller(std::in_place, path);
  const auto address = controller->address();
  const auto http = [&] { return aerie::test::HttpClient(address, controller->token()); };
  const auto session =
      http().post("/api/v1/sessions", {{"userId", "tester"}, {"profile", "terminal"}}).json();
  const std::string id = session["id"];
  const std::string view =
      "http://" + address + "/view/" + id + "#token=" + session["token"].get<std::string>();
  Chromium chromium;
  auto page = chromium.new_page(view);
  page.wait_for(is_live, 60s);
  const auto before = http().get("/api/v1/sessions/" + id).json();

  CHECK(controller->end(SIGKILL).signal == "SIGKILL");
  controller.emplace(path, address);
  auto second = chromium.new_page(view);
  second.wait_for(is_live, 60s);
  const auto after = http().get("/api/v1/sessions/" + id).json();
  CHECK(after["vm"] == before["vm"]);

  const auto interfaces = interfaces_of_guests();
  CHECK(interfaces >= 1);
  controller.reset();
  CHECK(interfaces_of_guests() < interfaces);
}

TEST_CASE("a viewer elsewhere is led to the guest's public ports", "[network]") {
  if (!can_make_networks()) return;
  const auto addresses = own_addresses();
  if (addresses.size() < 2) {
    WARN("skipped: this host has no address but its loopback's");
    return;
  }
  World world(
      World::Set{{"network.publicAddress", addresses[1]}, {"network.mediaPorts", "50000-50031"}});
  const auto session = world.start({{"profile", "terminal"}});
  auto watcher = world.join(session.id, session.token, "host");
  watcher.next_of("offer");
  const auto candidate = watcher.next_of("candidate")["candidate"].get<std::string>();
  CAPTURE(candidate);
  std::istringstream words{candidate};
  std::string skipped, address;
  int port = 0;
  words >> skipped >> skipped >> skipped >> skipped >> address >> port;
  CHECK(address == addresses[1]);
  CHECK(port >= 50'000);
  CHECK(port <= 50'031);
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(is_live, 60s);
}

TEST_CASE("of a guest's network nothing is left", "[network]") {
  if (!can_make_networks()) return;
  const auto before = interfaces_of_guests();
  const TemporaryDirectory profiles;
  const auto path = write_knocker(profiles, {});
  std::string table;
  {
    World world(World::Set{{"profiles.path", path}});
    auto events = world.events();
    for (int i = 0; i < 5; ++i) {
      const auto session = world.start({{"profile", "knocker"}});
      world.wait_for_state(session.id, "ready", 60s);
      CHECK(world.http().remove("/api/v1/sessions/" + session.id + "?force=true").status == 202);
      Json released;
      do
        released = events.next_of("resource.released", 60s).data;
      while (released.value("session", "") != session.id ||
             released["data"].value("kind", "") != "network");
      table = released["data"]["name"];
      CHECK(interfaces_of_guests() == before);
    }
    const auto rules = aerie::network::run_nft({"list", "ruleset"}, "");
    REQUIRE(rules);
    table = "aerie_" + table.substr(2, 6);
    CHECK(rules->find(table) != std::string::npos);
    CHECK(rules->find(table.substr(6) + "-") != std::string::npos);
  }
  CHECK(aerie::network::run_nft({"list", "ruleset"}, "")->find(table) == std::string::npos);
}
